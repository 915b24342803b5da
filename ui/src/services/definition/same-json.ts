/** Whether two values are the same to JSON: order of fields aside. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right) || left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => sameJson(item, right[index]))
    );
  }
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  const others = new Map<string, unknown>(Object.entries(right));
  return Object.entries(left).every(([name, value]) => others.has(name) && sameJson(value, others.get(name)));
}
