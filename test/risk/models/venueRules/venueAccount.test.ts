import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { assessVenueAccount, parseVenueAccount } from '../../../../src/risk/models/venueRules/venueAccount.ts'
import { expectClose } from '../../../support/close.ts'

type Near = { readonly near: number; readonly within: number }
type Expected = string | number | boolean | null | Near
type Case = {
  readonly name: string
  readonly account: unknown
  readonly expect: { readonly [path: string]: Expected }
}

const files = ['compound-v3', 'mango-v4', 'drift', 'gmx-v2', 'hyperliquid'] as const

function load(name: string): { readonly source: string; readonly cases: readonly Case[] } {
  return JSON.parse(readFileSync(new URL(`../../../vectors/models/venue-rules/${name}.json`, import.meta.url), 'utf8'))
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value)
}

describe('published cases of venue rules', () => {
  for (const file of files) {
    const { source, cases } = load(file)
    describe(`${file}, ${source}`, () => {
      for (const { name, account, expect: expected } of cases) {
        it(name, () => {
          const assessment = assessVenueAccount(parseVenueAccount(account))
          for (const [path, value] of Object.entries(expected)) {
            const found = at(assessment, path)
            if (typeof value === 'object' && value !== null) {
              expectClose(Number(found), value.near, value.within, path)
            } else {
              expect(found, path).to.equal(value)
            }
          }
        })
      }
    })
  }
})
