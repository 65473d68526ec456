import { writeFileSync } from 'node:fs'
import { errorsMarkdown } from './errorsPage.ts'

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsMarkdown())
