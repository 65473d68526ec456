/** A point and the value of the function there. */
export type Minimum = { readonly point: readonly number[]; readonly value: number }

/**
 * Local minimum by the simplex of J. Nelder and R. Mead (1965), begun again around its own result until that no longer helps. A function may be
 * infinite where it is undefined, but not at the start. Deterministic.
 *
 * @param settings - `step`: side of the first simplex; `tolerance`: extent of the simplex at which it stops, in units of the point.
 */
export function minimize(
  cost: (point: readonly number[]) => number,
  start: readonly number[],
  settings: { readonly step: number; readonly tolerance: number },
): Minimum {
  let best: Minimum = { point: start, value: cost(start) }
  let step = settings.step
  for (let round = 0; round < 6; round++) {
    const found = descend(cost, best, step, settings.tolerance)
    const gained = best.value - found.value
    best = found.value <= best.value ? found : best
    if (round > 0 && gained <= 1e-13 * Math.abs(best.value)) break
    step /= 4
  }
  return best
}

function descend(cost: (point: readonly number[]) => number, start: Minimum, step: number, tolerance: number): Minimum {
  const evaluate = (point: readonly number[]): Minimum => ({ point, value: cost(point) })
  const corners = start.point.map((_, axis) =>
    // A step that leaves the domain goes the other way.
    [step, -step, step / 16, -step / 16]
      .map((move) => evaluate(start.point.map((value, index) => (index === axis ? value + move : value))))
      .reduce((a, b) => (a.value < Infinity ? a : b)),
  )
  const simplex = [start, ...corners]
  for (let iteration = 0; iteration < 400 * (start.point.length + 1); iteration++) {
    simplex.sort((a, b) => a.value - b.value)
    const [best] = simplex as [Minimum]
    if (extent(simplex) < tolerance) break
    const worst = simplex[simplex.length - 1] as Minimum
    const center = best.point.map(
      (_, axis) =>
        simplex.slice(0, -1).reduce((sum, { point }) => sum + (point[axis] as number), 0) / (simplex.length - 1),
    )
    const toward = (factor: number) =>
      evaluate(center.map((value, axis) => value + factor * ((worst.point[axis] as number) - value)))
    const reflected = toward(-1)
    const second = simplex[simplex.length - 2] as Minimum
    if (reflected.value < best.value) {
      const expanded = toward(-2)
      simplex[simplex.length - 1] = expanded.value < reflected.value ? expanded : reflected
    } else if (reflected.value < second.value) {
      simplex[simplex.length - 1] = reflected
    } else {
      const contracted = toward(reflected.value < worst.value ? -0.5 : 0.5)
      if (contracted.value < Math.min(reflected.value, worst.value)) simplex[simplex.length - 1] = contracted
      else {
        for (const [index, { point }] of simplex.entries()) {
          if (index > 0)
            simplex[index] = evaluate(point.map((value, axis) => (value + (best.point[axis] as number)) / 2))
        }
      }
    }
  }
  return simplex.reduce((a, b) => (b.value < a.value ? b : a))
}

/** Largest distance from the first corner along an axis. */
function extent(simplex: readonly Minimum[]): number {
  const [first, ...others] = simplex as [Minimum, ...Minimum[]]
  return Math.max(
    ...others.map(({ point }) =>
      Math.max(...point.map((value, axis) => Math.abs(value - (first.point[axis] as number)))),
    ),
  )
}
