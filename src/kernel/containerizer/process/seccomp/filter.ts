/**
 * Rules about system calls as a program for the kernel: classic BPF over `struct seccomp_data`.
 *
 * The first rule that fits decides. Comparisons are of 64 bits in two steps, since the machine has 32.
 * Source: Linux, include/uapi/linux/{filter,seccomp}.h; the bytes are those of a little-endian machine.
 */

/** What is compared of a call. Source: libseccomp's SCMP_CMP_*; names as profiles have them, without the prefix. */
export type Comparison = "NE" | "LT" | "LE" | "EQ" | "GE" | "GT" | "MASKED_EQ";

export interface ArgumentTest {
  /** 0 to 5. */
  readonly index: number;
  readonly op: Comparison;
  /** For MASKED_EQ the mask. */
  readonly value: bigint;
  /** For MASKED_EQ what must be left of it. */
  readonly masked: bigint;
}

export interface Rule {
  readonly syscall: number;
  /** All of them must hold. */
  readonly args: readonly ArgumentTest[];
  /** Value of SECCOMP_RET_*, with its data. */
  readonly verdict: number;
}

export interface RuleSet {
  readonly auditArch: number;
  readonly rules: readonly Rule[];
  readonly otherwise: number;
}

interface Instruction {
  readonly code: number;
  readonly yes: number;
  readonly no: number;
  readonly k: number;
}

/** The kernel takes no longer program. */
export const instructionsMax = 4096;
export const killProcess = 0x8000_0000;

const code = { load: 0x20, and: 0x54, equal: 0x15, above: 0x25, atLeast: 0x35, answer: 0x06 };
const offsetOf = { syscall: 0, arch: 4, args: 16 };
/** Calls of the x32 flavour of x64 come with this bit: they are none of the machine's own. */
const x32Bit = 0x4000_0000;

const load = (offset: number): Instruction => ({ code: code.load, yes: 0, no: 0, k: offset });
const answer = (verdict: number): Instruction => ({ code: code.answer, yes: 0, no: 0, k: verdict });
const test = (kind: number, k: number, yes: number, no: number): Instruction => ({ code: kind, yes, no, k });

/** Throws RangeError for a program that is too long. */
export function compileRules({ auditArch, rules, otherwise }: RuleSet): Buffer {
  const program: Instruction[] = [
    load(offsetOf.arch),
    test(code.equal, auditArch, 1, 0),
    answer(killProcess),
    load(offsetOf.syscall),
    test(code.atLeast, x32Bit, 0, 1),
    answer(killProcess),
  ];
  for (const rule of rules) program.push(...instructionsOf(rule));
  program.push(answer(otherwise));
  if (program.length > instructionsMax)
    throw new RangeError(
      `${program.length} instructions are needed, and the kernel takes ${instructionsMax}`,
    );
  return encode(program);
}

/** Falls through to what comes after it, with the call's number loaded, when the rule does not fit. */
function instructionsOf({ syscall, args, verdict }: Rule): readonly Instruction[] {
  if (args.length === 0) return [test(code.equal, syscall, 0, 1), answer(verdict)];
  let body: readonly Instruction[] = [answer(verdict)];
  for (const arg of [...args].reverse()) body = [...comparison(arg, body.length), ...body];
  return [test(code.equal, syscall, 0, body.length + 1), ...body, load(offsetOf.syscall)];
}

/** Goes on behind itself when it holds, and over the `rest` instructions there when it does not. */
function comparison({ index, op, value, masked }: ArgumentTest, rest: number): readonly Instruction[] {
  const low = offsetOf.args + 8 * index;
  const high = low + 4;
  const [valueHigh, valueLow] = halves(value);
  switch (op) {
    case "EQ":
      return [
        load(high),
        test(code.equal, valueHigh, 0, 2 + rest),
        load(low),
        test(code.equal, valueLow, 0, rest),
      ];
    case "NE":
      return [load(high), test(code.equal, valueHigh, 0, 2), load(low), test(code.equal, valueLow, rest, 0)];
    case "MASKED_EQ": {
      const [maskedHigh, maskedLow] = halves(masked);
      return [
        load(high),
        { code: code.and, yes: 0, no: 0, k: valueHigh },
        test(code.equal, maskedHigh, 0, 3 + rest),
        load(low),
        { code: code.and, yes: 0, no: 0, k: valueLow },
        test(code.equal, maskedLow, 0, rest),
      ];
    }
    case "GT":
    case "GE":
      return [
        load(high),
        test(code.above, valueHigh, 3, 0),
        test(code.equal, valueHigh, 0, 2 + rest),
        load(low),
        test(op === "GT" ? code.above : code.atLeast, valueLow, 0, rest),
      ];
    case "LT":
    case "LE":
      return [
        load(high),
        test(code.above, valueHigh, 3 + rest, 0),
        test(code.equal, valueHigh, 0, 2),
        load(low),
        test(op === "LE" ? code.above : code.atLeast, valueLow, rest, 0),
      ];
  }
}

const halves = (value: bigint): readonly [number, number] => [
  Number((value >> 32n) & 0xffff_ffffn),
  Number(value & 0xffff_ffffn),
];

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code: operation, yes, no, k }] of program.entries()) {
    const at = index * 8;
    bytes.writeUInt16LE(operation, at);
    // Six comparisons of at most six instructions: no jump is longer than a byte.
    bytes.writeUInt8(yes, at + 2);
    bytes.writeUInt8(no, at + 3);
    bytes.writeUInt32LE(k, at + 4);
  }
  return bytes;
}
