import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Comparison, compileRules, killProcess, type Rule } from "./filter.ts";

const arch = 0xc000_003e;
const [allow, forbid, log] = [0x7fff_0000, 0x0005_0001, 0x7ffc_0000];

/** What the kernel does with a program and a call. */
function judge(program: Buffer, call: { arch?: number; syscall: number; args?: readonly bigint[] }): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.syscall, 0);
  data.writeUInt32LE(call.arch ?? arch, 4);
  for (const [index, arg] of (call.args ?? []).entries()) data.writeBigUInt64LE(arg, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const jump = (holds: boolean): void => {
      at += 8 * program.readUInt8(at + (holds ? 2 : 3));
    };
    const k = program.readUInt32LE(at + 4);
    switch (program.readUInt16LE(at)) {
      case 0x20:
        accumulator = data.readUInt32LE(k);
        break;
      case 0x54:
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x15:
        jump(accumulator === k);
        break;
      case 0x25:
        jump(accumulator > k);
        break;
      case 0x35:
        jump(accumulator >= k);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`no such instruction at ${at}`);
    }
  }
  throw new Error("the program has no end");
}

const holds: Readonly<Record<Comparison, (given: bigint, value: bigint, masked: bigint) => boolean>> = {
  EQ: (given, value) => given === value,
  NE: (given, value) => given !== value,
  LT: (given, value) => given < value,
  LE: (given, value) => given <= value,
  GT: (given, value) => given > value,
  GE: (given, value) => given >= value,
  MASKED_EQ: (given, value, masked) => (given & value) === masked,
};

const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.constantFrom(0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0xffff_ffff_ffff_ffffn),
);
const argument = fc.record({
  index: fc.nat({ max: 2 }),
  op: fc.constantFrom<Comparison>("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"),
  value: word,
  masked: word,
});
const rule: fc.Arbitrary<Rule> = fc.record({
  syscall: fc.nat({ max: 3 }),
  args: fc.array(argument, { maxLength: 3 }),
  verdict: fc.constantFrom(allow, forbid, log),
});

describe("a program over system calls", () => {
  it("decides as the first rule that fits, for any rules and any call", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.record({ syscall: fc.nat({ max: 4 }), args: fc.tuple(word, word, word) }),
        (rules, call) => {
          const first = rules.find(
            ({ syscall, args }) =>
              syscall === call.syscall &&
              args.every(({ index, op, value, masked }) => holds[op](call.args[index] ?? 0n, value, masked)),
          );
          const program = compileRules({ auditArch: arch, rules, otherwise: forbid });
          expect(judge(program, call)).toBe(first?.verdict ?? forbid);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("ends a program of another architecture, and calls of the x32 flavour", () => {
    const program = compileRules({ auditArch: arch, rules: [], otherwise: allow });
    expect(judge(program, { syscall: 1 })).toBe(allow);
    expect(judge(program, { syscall: 1, arch: 0x4000_0003 })).toBe(killProcess);
    expect(judge(program, { syscall: 0x4000_0001 })).toBe(killProcess);
  });

  it("is refused when the kernel would not take it", () => {
    const rules = Array.from({ length: 2_045 }, (_, syscall) => ({ syscall, args: [], verdict: allow }));
    expect(() => compileRules({ auditArch: arch, rules, otherwise: forbid })).toThrow(
      "the kernel takes 4096",
    );
  });
});
