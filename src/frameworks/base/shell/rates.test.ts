import { expect, it } from "vitest";
import { Meter, Sample } from "./rates.ts";

it("a meter knows how often something happens, and forgets the sooner the shorter its time", () => {
  const meter = new Meter(100);
  expect(meter.read(100)).toEqual({ mean: 0, m1: 0, m5: 0, m15: 0 });
  for (let second = 100; second < 160; second += 1)
    for (let each = 0; each < 3; each += 1) meter.mark(second);
  const busy = meter.read(160);
  expect(meter.count).toBe(180);
  for (const rate of Object.values(busy)) expect(rate).toBeCloseTo(3, 6);
  const calm = meter.read(460);
  expect(calm.mean).toBeCloseTo(0.5, 6);
  expect(calm.m1).toBeCloseTo(3 * Math.exp(-5), 6);
  expect(calm.m5).toBeCloseTo(3 * Math.exp(-1), 6);
  expect(calm.m15).toBeCloseTo(3 * Math.exp(-1 / 3), 6);
});

it("a sample is of the newest values only", () => {
  const sample = new Sample();
  expect(sample.read()).toMatchObject({ min: 0, max: 0, mean: 0, stddev: 0 });
  for (let value = 1; value <= 100; value += 1) sample.add(value);
  const { min, max, mean, quantile } = sample.read();
  expect({ min, max, mean, middle: quantile(0.5), most: quantile(0.99), all: quantile(1) }).toEqual({
    min: 1,
    max: 100,
    mean: 50.5,
    middle: 51,
    most: 100,
    all: 100,
  });
  for (let value = 0; value < 1_024; value += 1) sample.add(7);
  expect(sample.read()).toMatchObject({ min: 7, max: 7, mean: 7, stddev: 0 });
});
