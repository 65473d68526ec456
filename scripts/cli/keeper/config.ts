import { Command } from 'commander'
import { stringify } from 'yaml'
import { loadKeeperConfig } from '../../../src/keeper/config/file.ts'
import { maskConfig } from '../../../src/keeper/config/mask.ts'
import { print } from '../output.ts'
import { withConfigOption } from './configured.ts'

export const keeperConfigCommand = withConfigOption(new Command('config'))
  .description('print the configuration as it is understood: with defaults and variables, without secrets')
  .option('--json', 'print one JSON object')
  .action(async ({ config: file, json }: { readonly config: string; readonly json?: boolean }) => {
    const masked = maskConfig(await loadKeeperConfig(file))
    print(json, masked, () => stringify(masked).trimEnd())
  })
