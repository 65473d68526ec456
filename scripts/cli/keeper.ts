import { Command } from 'commander'
import { keeperCosignCommand } from './keeper/cosign.ts'
import { keeperRunCommand } from './keeper/run.ts'
import { keeperUnstickCommand } from './keeper/unstick.ts'

export const keeperCommand = new Command('keeper')
  .description('keep the records of accounts fresh')
  .addCommand(keeperRunCommand)
  .addCommand(keeperCosignCommand)
  .addCommand(keeperUnstickCommand)
