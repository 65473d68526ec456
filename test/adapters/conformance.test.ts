import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { allAdapters } from '../../src/adapters/all.ts'
import { describeConformance } from './support/conformance.ts'
import type { AnySubject } from './support/subject.ts'

/** The subjects of an adapter lie in the file that its id names: `aave-v3` in `subjects/aaveV3.ts`. */
function subjectFile(adapterId: string): URL {
  const file = adapterId.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  return new URL(`./subjects/${file}.ts`, import.meta.url)
}

/** No package deploys these on a devnet; their tests decode answers encoded by hand. */
const notDeployable = ['compound-v3', 'gmx-v2']

describe('conformance', () => {
  it('has a subject of every adapter whose protocol can be deployed', () => {
    const without = allAdapters.map(({ id }) => id).filter((id) => !existsSync(subjectFile(id)))
    expect(without).to.deep.equal(notDeployable)
  })
})

for (const { id } of allAdapters) {
  const file = subjectFile(id)
  if (!existsSync(file)) continue
  const { subjects } = (await import(file.href)) as { readonly subjects: readonly AnySubject[] }
  for (const subject of subjects) describeConformance(subject)
}
