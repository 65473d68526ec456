import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { formatLogIndex, type LogIndexStore, parseLogIndex } from '../../src/core/logIndex.ts'
import { readTextFile, writeTextFile } from './deployment.ts'

/** Keeps an index in a file, which is there whole or not at all. */
export function fileLogIndex(file: string): LogIndexStore {
  return {
    load: async () => (existsSync(file) ? parseLogIndex(await readTextFile(file)) : undefined),
    save: async (index) => {
      const next = `${file}.${process.pid}.tmp`
      await writeTextFile(next, formatLogIndex(index))
      await rename(next, file)
    },
  }
}
