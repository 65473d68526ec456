/** Median CPU time of this process, user and system, in milliseconds, after warm-up. */
export function medianCpu(run: () => unknown, times: number, warmUps = 30): number {
  for (let warm = 0; warm < warmUps; warm++) run()
  const samples = Array.from({ length: times }, () => {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return samples.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}
