import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";

/** The sizes of a virtio-mem device. */
interface ResizableDevice {
  size: Kib;
  requested: Kib;
  block: Kib;
}

/**
 * Distributes a total over devices: the smallest grow first, the largest shrink first. So no device shrinks while the total
 * grows, and an update that was killed halfway continues to the same sizes.
 *
 * @returns undefined where the devices can't have that total
 */
export function distribute(devices: ResizableDevice[], total: Kib): Kib[] | undefined {
  const step = Math.max(1, ...devices.map(({ block }) => block));
  const most = sum(devices.map(({ size }) => wholeSteps(size, step)));
  if (total < 0 || total % step !== 0 || total > most) return undefined;
  // More may be requested of a device than it holds, in a definition that gets a smaller one.
  const kept = ({ size, requested }: ResizableDevice) => wholeSteps(Math.min(size, requested), step);
  const present = sum(devices.map(kept));
  const at = (level: Kib) =>
    devices.map((device) => {
      const { size } = device;
      const desired = kept(device);
      const wanted = total >= present ? Math.max(desired, level) : Math.min(desired, level);
      return Math.min(wholeSteps(size, step), wanted);
    });
  const level = highest(Math.max(0, ...devices.map(({ size }) => size)) / step, (steps) => {
    return sum(at(steps * step)) <= total;
  });
  const sizes = at(level * step);
  const above = at((level + 1) * step);
  let rest = total - sum(sizes);
  return sizes.map((size, index) => {
    if (rest === 0 || (above[index] ?? size) === size) return size;
    rest -= step;
    return size + step;
  });
}

function wholeSteps(size: Kib, step: Kib): Kib {
  return size - (size % step);
}

/**
 * The highest whole number up to `most` that passes, given that 0 does, and that none passes above one that doesn't.
 */
function highest(most: number, passes: (number: number) => boolean): number {
  let [low, high] = [0, Math.ceil(most)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
