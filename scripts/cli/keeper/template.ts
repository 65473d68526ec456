import type { Address } from 'viem'

/** What a new keeper.yaml begins with. */
export type KeeperTemplate = {
  readonly chainId: number
  readonly registry: Address
  readonly parameters: string
  readonly nodes: readonly string[]
  /** YAML of a key each. */
  readonly signer: string
  readonly payer: string
  readonly accounts: readonly { readonly name?: string; readonly address: Address }[]
}

/** What is written where no deployment says more: every value that must be filled in is a variable or an address of zeros. */
export const emptyTemplate: KeeperTemplate = {
  chainId: 1,
  registry: `0x${'0'.repeat(40)}`,
  parameters: 'parameters.json',
  nodes: [variable('RPC_A'), variable('RPC_B'), variable('RPC_C')],
  signer: '{ keystore: keystores/attestor.json, passwordFile: secrets/attestor }',
  payer: '{ keystore: keystores/payer.json, passwordFile: secrets/payer }',
  accounts: [{ name: 'first', address: `0x${'0'.repeat(40)}` }],
}

/** Text of a commented keeper.yaml. */
export function keeperYaml({ chainId, registry, parameters, nodes, signer, payer, accounts }: KeeperTemplate): string {
  return `# yaml-language-server: $schema=keeper.schema.json
# One keeper: one registry on one chain. Paths are relative to this file. ${variable('NAME')} is an environment variable, $$ a dollar
# sign. \`plimsoll keeper config\` prints what is understood, \`plimsoll keeper doctor\` tries it.

chainId: ${chainId}
registry: "${registry}"
# A parameter set of the model, or a deployment file with one.
parameters: ${parameters}

rpc:
  # All reads of a round come from one block that the majority agrees on. One node alone is believed.
  read:
${nodes.map((node) => `    - "${node}"`).join('\n')}
  # quorum: 2
  # Transactions go here first, and to the nodes above when it does not get them mined.
  # send: https://rpc.flashbots.net/fast

# Keys: { keystore, passwordFile }, { keyFile }, { env } for development,
# { awsKms: { keyId, region, expect } } or { gcpKms: { keyVersion, expect } }.
signers:
  - ${signer}
# Pays for transactions; never one of the signers.
payer: ${payer}

# Everything that was decided and sent; one process holds it.
journal: journal/keeper.db

sending:
  feeFloorGwei: 0.05
  feeCapGwei: 100
  # Most that is spent in 24 hours.
  dailyCapEth: 0.05
  # Blocks that a transaction waits before it bids an eighth more.
  bumpAfterBlocks: 3

policy:
  # 15 s times a power of two.
  validity: 16m
  # Age at which a record is replaced whatever else happens; at most half of the validity.
  heartbeat: 4m
  # Change of free equity, in percent of the initial margin. Bad news is told sooner than good news.
  deviation: { worse: 1%, better: 5% }
  # Tighter, in both directions, where equity is within this ratio of the initial or the maintenance requirement.
  boundary: { ratio: 1.1, deviation: 0.2% }

posting:
  # auto, single, batch or root. Roots need consumers that bring proofs: auto posts none without rootFrom.
  form: auto
  batchFrom: 2
  proofs: journal/proofs

accounts:
  # Each may say otherwise of heartbeat, deviation and boundary.
${accounts.map(({ name, address }) => `  - address: "${address}"${name === undefined ? '' : `\n    name: ${name}`}`).join('\n')}

# Prices and volatilities for the entries of source \`file\` in the parameter set.
# market: market.json
# What was found in logs, so that a restart searches new blocks only.
index: journal/index.json

# Other keepers of a k-of-n signer set that are asked to sign the same record, and that may ask this one.
cosigners:
  signed: journal/signed.db
  # peers:
  #   - { name: bob, url: "https://bob.example", signer: "0x…" }
  # timeout: 5s

observability:
  # /livez, /readyz, /status and /metrics; nowhere without it.
  # listen: 127.0.0.1:9464
  logLevel: info
  # alerts:
  #   slack: { urlFile: secrets/slack }
  #   telegram: { tokenFile: secrets/telegram, chatId: "-100123" }
  #   webhook: { url: "https://alerts.example", secretFile: secrets/webhook }
`
}

function variable(name: string): string {
  return `$\{${name}}`
}
