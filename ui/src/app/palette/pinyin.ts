/** Pinyin of Chinese titles, so that they are found from a Latin keyboard. The library is loaded on the first use. */

/** Whole (`fuwu`) and initials (`fw`), lower case, without tones. */
export async function pinyinOf(title: string): Promise<readonly string[]> {
  const { pinyin } = await import("pinyin-pro");
  const syllables = pinyin(title, { toneType: "none", type: "array", nonZh: "consecutive" }).map((part) =>
    part.toLowerCase(),
  );
  return [syllables.join(""), syllables.map((part) => part[0] ?? "").join("")];
}
