/** `http://user:secret@host` as `http://host`. */
export const withoutCredentials = (url: string): string => url.replace(/\/\/[^/@]*@/, "//");
