/** Where a login leads: the page one came from, but never out of the console. */
export function loginTarget(redirect: string | undefined): string {
  if (redirect === undefined || !/^\/(?![/\\])/.test(redirect) || redirect.startsWith("/login")) return "/";
  return redirect;
}
