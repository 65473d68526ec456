/** What the README shows of a run of `npm run gas`: duty, our row, and the rows of peers that do the same or less. */
const duties = [
  [
    'one record, 1 signature of 9',
    'post.1of9.update',
    ['openzeppelin.post.1of9.update', 'solady.post.1of9.update', 'safe.check.1of9', 'eas.attest.packed'],
  ],
  [
    'one record, 3 of 9',
    'post.3of9.update',
    ['openzeppelin.post.3of9.update', 'solady.post.3of9.update', 'safe.check.3of9'],
  ],
  [
    'one record, 5 of 9',
    'post.5of9.update',
    ['openzeppelin.post.5of9.update', 'solady.post.5of9.update', 'safe.check.5of9'],
  ],
  ['each of 100 records, 3 of 9', 'batch.100.perAccount', ['eas.multiAttest.20.packed.perAccount']],
  ['each of 1,000 under a root', 'root.1000.perAccount', []],
  ['`marginOf`, all cold', 'read.cold', []],
  ['pulled and cached, 1 of 9', 'verify.transient', []],
  ['pulled and cached, 3 of 9', 'verify.transient.3of9', []],
] as const

const columns = ['openzeppelin', 'solady', 'safe', 'eas'] as const

/** The table of the README as Markdown, from figures by the names of their rows. */
export function gasTable(figures: ReadonlyMap<string, number>): string {
  const show = (name: string | undefined) => {
    if (name === undefined) return ''
    const value = figures.get(name)
    if (value === undefined) throw new Error(`there is no figure ${name}`)
    return value.toLocaleString('en-US')
  }
  const rows = duties.map(([duty, own, peers]) => [
    duty,
    show(own),
    ...columns.map((column) =>
      show(peers.map((peer) => `peer.${peer}`).find((name) => name.startsWith(`peer.${column}.`))),
    ),
  ])
  const head = ['gas', 'Plimsoll', 'OpenZeppelin', 'Solady', 'Safe (check only)', 'EAS']
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  return lines.join('\n')
}
