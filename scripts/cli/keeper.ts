import { Command } from 'commander'
import { keeperConfigCommand } from './keeper/config.ts'
import { keeperCosignCommand } from './keeper/cosign.ts'
import { keeperDoctorCommand } from './keeper/doctor.ts'
import { keeperExplainCommand } from './keeper/explain.ts'
import { keeperInitCommand } from './keeper/init.ts'
import { keeperRunCommand } from './keeper/run.ts'
import { keeperUnstickCommand } from './keeper/unstick.ts'

export const keeperCommand = new Command('keeper')
  .description('keep the records of accounts fresh')
  .addCommand(keeperInitCommand)
  .addCommand(keeperConfigCommand)
  .addCommand(keeperDoctorCommand)
  .addCommand(keeperRunCommand)
  .addCommand(keeperExplainCommand)
  .addCommand(keeperCosignCommand)
  .addCommand(keeperUnstickCommand)
