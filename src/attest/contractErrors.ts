/** In what an argument of an error is counted: `usd` is quote units, `time` Unix seconds, `wad` 18 decimals. */
export type ArgumentUnit = 'usd' | 'time' | 'seconds' | 'wad' | 'flags'

/** What a custom error of the contracts means, and what to do about it. */
export type ContractError = {
  /** Name, types and names of the arguments. */
  readonly signature: string
  readonly cause: string
  readonly fix: string
  readonly units?: Readonly<Record<string, ArgumentUnit>>
}

/** Errors by what raises them, in the order of the documentation. */
export const contractErrors: Readonly<Record<string, readonly ContractError[]>> = {
  'Reading a record': [
    {
      signature: 'UnknownAccount(address account)',
      cause: 'No record of the account was ever stored, and none was pulled in this transaction.',
      fix: 'Attest the account and post the record, or pull it; anyone may.',
    },
    {
      signature: 'StaleMargin(address account, uint256 observedAt, uint256 maxAge)',
      cause: 'The newest record is older than the reader accepts.',
      fix: 'Post a newer record, which anyone may, or let the reader accept a greater age.',
      units: { observedAt: 'time', maxAge: 'seconds' },
    },
    {
      signature: 'ExpiredMargin(address account, uint256 expiredAt)',
      cause: 'The record is past the validity that its signers gave it.',
      fix: 'Attest the account again and post the new record.',
      units: { expiredAt: 'time' },
    },
    {
      signature: 'InvalidatedMargin(address account, uint256 observedAt, uint256 invalidBefore)',
      cause: 'The guardian declared every record observed before a time dead.',
      fix: 'Attest the account at a block after that time.',
      units: { observedAt: 'time', invalidBefore: 'time' },
    },
    {
      signature: 'RetiredModel(address account, uint256 modelId)',
      cause: 'The model of the record was withdrawn.',
      fix: 'Attest the account under a model in force; the governor lets the account move to it.',
    },
    {
      signature: 'SupersededMargin(address account, uint256 observedAt, uint256 newestRootAt)',
      cause: 'The record lives under the roots, and a newer root is there.',
      fix: "Prove the account's leaf under the newest root.",
      units: { observedAt: 'time', newestRootAt: 'time' },
    },
    {
      signature: 'ImprovementTooLarge(address account, int256 free, int256 bound)',
      cause: 'Free equity would rise faster than the model allows.',
      fix: 'Lower the equity to the bound before signing, as the engine does when it knows the stored record.',
      units: { free: 'usd', bound: 'usd' },
    },
    {
      signature: 'InsufficientMargin(address account, int256 free, uint256 needed)',
      cause: 'Free equity does not cover what is asked, with the surcharge for the age of the record.',
      fix: 'Ask for less, reduce risk, or post a newer record.',
      units: { free: 'usd', needed: 'usd' },
    },
    {
      signature: 'RiskIncreasePaused()',
      cause: 'Opening new risk on margin is paused, by the guardian or because too few signers are left.',
      fix: 'Wait until the governor lifts the pause. Repaying and liquidating go on.',
    },
  ],
  'Posting and verifying': [
    {
      signature: 'PostingPaused()',
      cause: 'The guardian paused posting and verification.',
      fix: 'Wait until the governor lifts the pause.',
    },
    {
      signature: 'WrongTag(bytes4 got)',
      cause: 'What was given to `verify` is neither a signed record nor a leaf.',
      fix: 'Give the bytes that would be sent to post it, tag included.',
    },
    {
      signature: 'WrongLength(uint256 got, uint256 expected)',
      cause: 'The message has another length than its signatures, items or proof demand.',
      fix: 'Encode it again, with as many signatures as the threshold of the set in force.',
    },
    {
      signature: 'ZeroAccount()',
      cause: 'The record is of the zero address.',
      fix: 'Attest an account.',
    },
    {
      signature: 'ZeroPortfolioRoot()',
      cause: 'The record commits to no inputs.',
      fix: 'Draft the record with the engine, which commits to its snapshot.',
    },
    {
      signature: 'ZeroRoot()',
      cause: 'A batch or root commits to nothing.',
      fix: 'Build the batch or root from records.',
    },
    {
      signature: 'UnsupportedFlags(uint256 flags)',
      cause:
        'The message cannot carry these flags: a batch or root of enforceable scope, a root or leaf without root mode, or a longer validity than this chain allows.',
      fix: 'Draft the records with the flags that the mode demands; on chains without block hashes with a validity code of at most 3.',
      units: { flags: 'flags' },
    },
    {
      signature: 'NotMarginAccount(address account)',
      cause: 'Scope enforceable (flag bit 7) is for margin accounts only, and there is none yet.',
      fix: 'Attest the account with scope observed.',
    },
    {
      signature: 'ItemCountOutOfRange(uint256 count)',
      cause: 'A batch has no items, or more than 1,024.',
      fix: 'Split the batch.',
    },
    {
      signature: 'NotUnderNewestRoot(address account)',
      cause: 'The proof does not lead to the newest root at the time and model of the record.',
      fix: 'Take the proof from the newest root that was posted.',
    },
    {
      signature: 'ProofTooLong(uint256 siblings)',
      cause: 'A proof has more than 32 siblings.',
      fix: 'Take the proof from the tree that the root was built from.',
    },
    {
      signature: 'UnsupportedLienSequence(uint256 lienSeq)',
      cause: 'This registry keeps no liens, so a record can have seen none.',
      fix: 'Sign the record with lien sequence 0.',
    },
    {
      signature: 'MaintenanceAboveInitial(uint256 initialMargin, uint256 maintenanceMargin)',
      cause: 'The maintenance margin is above the initial margin, which no model gives.',
      fix: 'Draft the record with the engine.',
      units: { initialMargin: 'usd', maintenanceMargin: 'usd' },
    },
    {
      signature: 'UndefinedModel(uint256 modelId)',
      cause: 'The registry knows no such model.',
      fix: 'Sign under a model of the registry, or have the governor define this one.',
    },
    {
      signature: 'ModelNotInForce(uint256 modelId, uint256 observedAt)',
      cause: 'The model is not in force at the time of the observation.',
      fix: 'Sign under the model in force.',
      units: { observedAt: 'time' },
    },
    {
      signature: 'FutureObservation(uint256 observedAt)',
      cause: 'The record was observed after the block that it arrives in.',
      fix: 'Sign the timestamp of the block that was read.',
      units: { observedAt: 'time' },
    },
    {
      signature: 'FutureBlock(uint256 blockNumber)',
      cause: 'The record binds a block that is not behind us.',
      fix: 'Check that the node serves the chain of the registry, and post in a later block.',
    },
    {
      signature: 'BlockHashUnavailable(uint256 blockNumber)',
      cause: 'The bound block is too old for its hash to be known.',
      fix: 'Attest the account at a newer block.',
    },
    {
      signature: 'UnknownSignerBit(uint256 bitmap, uint256 signers)',
      cause: 'The bitmap names a signer that the set does not have.',
      fix: 'Assemble the signatures for the set in force.',
    },
    {
      signature: 'WrongSignerCount(uint256 got, uint256 threshold)',
      cause: 'There are more or fewer signatures than the threshold.',
      fix: 'Assemble exactly as many signatures as the threshold.',
    },
    {
      signature: 'InvalidSignature(uint256 signer)',
      cause:
        'A signature is not of the signer that the bitmap names, or malleable. Block hash, parameters and signer set are part of what is signed: a record for another branch, other parameters or another set fails so too.',
      fix: 'Run `plimsoll verify` on the record: it says which of them differs. Then sign again.',
    },
  ],
  'Configuring a registry': [
    {
      signature: 'SignerCountOutOfRange(uint256 count)',
      cause: 'There is no signer, or there are more than 16.',
      fix: 'Name 1 to 16 signers.',
    },
    {
      signature: 'SignersNotSorted(uint256 index)',
      cause: 'The signers are not in ascending order, one is there twice, or one is zero.',
      fix: 'Sort the signers by address, each once.',
    },
    {
      signature: 'ThresholdOutOfRange(uint256 threshold, uint256 signers)',
      cause: 'The threshold is zero or above the number of signers.',
      fix: 'Choose a threshold between 1 and the number of signers.',
    },
    {
      signature: 'NotSigner(address signer)',
      cause: 'The address to be removed is not a signer.',
      fix: 'Read the set with `signerSet()`; somebody may have removed it already.',
    },
    {
      signature: 'RetirementOutOfOrder(uint256 modelId, uint256 failsAt)',
      cause: 'The model is already on its way out and cannot be kept longer, or has not yet come to its end.',
      fix: 'Retire it with a shorter grace, or wait until its records fail.',
      units: { failsAt: 'time' },
    },
    {
      signature: 'GraceTooLong(uint256 grace)',
      cause: 'The grace is longer than any record is valid.',
      fix: 'Choose at most 491,520 seconds.',
      units: { grace: 'seconds' },
    },
    {
      signature: 'InvalidModel(uint256 modelId)',
      cause: 'The id is above 23, the parameter hash is zero, or the window ends before it begins.',
      fix: 'Correct the model.',
    },
    {
      signature: 'ModelInUse(uint256 modelId)',
      cause: 'A model keeps its parameters until it is retired and its last record has expired.',
      fix: 'Define the parameters under another model id, and let accounts move to it.',
    },
    {
      signature: 'InvalidationOutOfRange(uint256 time)',
      cause: 'The time lies in the future or does not move forward.',
      fix: 'Choose a time after the one in force, at most one second ahead.',
      units: { time: 'time' },
    },
    {
      signature: 'NotEnoughSigners(uint256 signers, uint256 threshold)',
      cause: 'Fewer signers are left than must sign, so risk cannot be opened again.',
      fix: 'Rotate to a full signer set, then lift the pause.',
    },
    {
      signature: 'InvalidShortString()',
      cause: 'Name or version of the signing domain cannot be packed.',
      fix: 'This cannot happen with the constants of the registry; check that the bytecode is ours.',
    },
    {
      signature: 'StringTooLong(string str)',
      cause: 'Name or version of the signing domain is too long.',
      fix: 'This cannot happen with the constants of the registry; check that the bytecode is ours.',
    },
  ],
  'Roles and delays': [
    {
      signature: 'AccessManagedUnauthorized(address caller)',
      cause: 'The caller does not hold the role that the function asks for.',
      fix: 'Send it from the governor or guardian, through the AccessManager when the role has a delay.',
    },
    {
      signature: 'AccessManagedRequiredDelay(address caller, uint32 delay)',
      cause: 'The caller holds the role, but has to wait.',
      fix: 'Schedule the call at the AccessManager, and execute it after the delay.',
      units: { delay: 'seconds' },
    },
    {
      signature: 'AccessManagedInvalidAuthority(address authority)',
      cause: 'The new authority has no code.',
      fix: 'Name an AccessManager.',
    },
    {
      signature: 'AccessManagerAlreadyScheduled(bytes32 operationId)',
      cause: 'The same call is already scheduled.',
      fix: 'Execute or cancel that one first.',
    },
    {
      signature: 'AccessManagerBadConfirmation()',
      cause: 'A role is renounced in the name of another account.',
      fix: 'Confirm with the address of the sender.',
    },
    {
      signature: 'AccessManagerExpired(bytes32 operationId)',
      cause: 'The scheduled call was not executed within a week after its delay.',
      fix: 'Schedule it again.',
    },
    {
      signature: 'AccessManagerInvalidInitialAdmin(address initialAdmin)',
      cause: 'The first administrator is the zero address.',
      fix: 'Name an administrator.',
    },
    {
      signature: 'AccessManagerLockedFunction(bytes4 selector)',
      cause: 'The role of this function cannot be changed.',
      fix: 'Leave it as it is.',
    },
    {
      signature: 'AccessManagerLockedRole(uint64 roleId)',
      cause: 'The administrator role and the public role cannot be changed so.',
      fix: 'Use another role.',
    },
    {
      signature: 'AccessManagerNotReady(bytes32 operationId)',
      cause: 'The delay of the scheduled call is not over.',
      fix: 'Execute it later.',
    },
    {
      signature: 'AccessManagerNotScheduled(bytes32 operationId)',
      cause: 'The call was not scheduled, or it was cancelled or executed.',
      fix: 'Schedule it, with exactly the same target and data.',
    },
    {
      signature: 'AccessManagerUnauthorizedAccount(address msgsender, uint64 roleId)',
      cause: 'The caller does not hold the role.',
      fix: 'Send it from an account that does; `plimsoll doctor --registry` names them.',
    },
    {
      signature: 'AccessManagerUnauthorizedCall(address caller, address target, bytes4 selector)',
      cause: 'The caller may not call this function through the AccessManager.',
      fix: 'Send it from an account that holds the role of the function.',
    },
    {
      signature: 'AccessManagerUnauthorizedCancel(address msgsender, address caller, address target, bytes4 selector)',
      cause: 'Only who scheduled a call, the guardian of its role or the administrator may cancel it.',
      fix: 'Cancel it from one of them.',
    },
    {
      signature: 'AccessManagerUnauthorizedConsume(address target)',
      cause: 'The target asked to use up a scheduled call outside of one.',
      fix: 'Check that the target is the registry.',
    },
    {
      signature: 'AddressEmptyCode(address target)',
      cause: 'The target of the call has no code.',
      fix: 'Check the address and the chain.',
    },
    {
      signature: 'FailedCall()',
      cause: 'The call that the AccessManager made failed without a reason.',
      fix: 'Simulate the call from the AccessManager.',
    },
    {
      signature: 'InsufficientBalance(uint256 balance, uint256 needed)',
      cause: 'The AccessManager has less native currency than the call sends.',
      fix: 'Send the value along.',
    },
  ],
  'Consumers and adapters': [
    {
      signature: 'InvalidConsumerSettings()',
      cause:
        'The settings of a consumer contradict each other: oracle without code, age of zero, aging above 1 per second, or no model.',
      fix: 'Correct the constructor arguments.',
    },
    {
      signature: 'ModelNotAccepted(uint256 modelId)',
      cause: 'The record is of a model that this consumer does not accept.',
      fix: 'Attest the account under an accepted model.',
    },
    {
      signature: 'NoInitialMargin(address account)',
      cause: 'The account has no initial margin, so its ratio is infinite and has no number.',
      fix: 'Read the record itself.',
    },
    {
      signature: 'RoundNotKept(uint80 id, uint80 latest)',
      cause: 'The feed keeps its latest round only.',
      fix: 'Ask for the latest round.',
    },
    {
      signature: 'StalePrice(address aggregator, uint256 updatedAt)',
      cause: 'The answer of the price feed is older than accepted, or from the future.',
      fix: 'Wait for the feed to be updated.',
      units: { updatedAt: 'time' },
    },
    {
      signature: 'InvalidPrice(address aggregator, int256 answer)',
      cause: 'The answer of the price feed is zero or negative.',
      fix: 'Wait for the feed to answer with a price.',
    },
    {
      signature: 'Black76PriceOutOfDomain(uint256 forward, uint256 strike, uint256 most)',
      cause: 'Forward or strike is zero or above what the kernel prices.',
      fix: 'Refuse the option; no number would be right.',
      units: { forward: 'wad', strike: 'wad', most: 'wad' },
    },
    {
      signature: 'Black76VolatilityOutOfDomain(uint256 sigma, uint256 duration)',
      cause: 'Volatility or time to expiry is beyond what the kernel prices.',
      fix: 'Refuse the option; no number would be right.',
      units: { sigma: 'wad', duration: 'seconds' },
    },
    {
      signature: 'SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)',
      cause: 'An amount does not fit its field.',
      fix: 'Use a smaller amount.',
    },
    {
      signature: 'SafeERC20FailedOperation(address token)',
      cause: 'A token transfer failed.',
      fix: 'Check balance and allowance, and that the token may be moved.',
    },
    {
      signature: 'ReentrancyGuardReentrantCall()',
      cause: 'The contract was called again before the first call ended.',
      fix: 'Do not call back from a token or receiver.',
    },
    {
      signature: 'NotStored(address account)',
      cause: 'The mock registry holds a record that is as new, or of another model or scope.',
      fix: 'Let a second pass before the margin is set again.',
    },
  ],
  'Credit line and gated vault': [
    {
      signature: 'InvalidTerms()',
      cause: 'The terms of the credit line contradict each other.',
      fix: 'Keep 0 < base advance < base threshold <= hard threshold, base advance <= margin advance < hard threshold, hard threshold with bonus within the collateral, and two tokens.',
    },
    {
      signature: 'AdvanceExceeded(uint256 debt, uint256 limit)',
      cause: 'The debt would exceed what the collateral allows.',
      fix: 'Borrow less, add collateral, or bring a margin record.',
      units: { debt: 'usd', limit: 'usd' },
    },
    {
      signature: 'ExceedsPosition(uint256 available, uint256 needed)',
      cause: 'More is asked for than the borrower owes or has.',
      fix: 'Ask for at most what is available.',
    },
    {
      signature: 'NotLiquidatable(address borrower)',
      cause: 'The loan is within its thresholds, or the silence of its record is within the grace.',
      fix: 'Ask again when the account has changed.',
    },
    {
      signature: 'SeizureBelowMinimum(uint256 seized, uint256 minimum)',
      cause: 'The liquidator would get less collateral than it demands.',
      fix: 'Demand less, or wait for another price.',
    },
    {
      signature: 'ZeroAmount()',
      cause: 'There is nothing to do.',
      fix: 'Give an amount.',
    },
    {
      signature: 'InsufficientCash(uint256 cash, uint256 needed)',
      cause: 'The pool has lent out more than is left for this.',
      fix: 'Ask for less, or wait for repayments.',
    },
    {
      signature: 'InsufficientShares(uint256 shares, uint256 needed)',
      cause: 'The lender has fewer shares.',
      fix: 'Ask for at most the shares there are.',
    },
    {
      signature: 'ZeroCoverage()',
      cause: 'The vault would have no gate.',
      fix: 'Give a coverage above zero.',
    },
    {
      signature: 'ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max)',
      cause: 'The deposit is above what the receiver may hold.',
      fix: 'Deposit at most the maximum.',
    },
    {
      signature: 'ERC4626ExceededMaxMint(address receiver, uint256 shares, uint256 max)',
      cause: 'The shares are above what the receiver may hold.',
      fix: 'Mint at most the maximum.',
    },
    {
      signature: 'ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max)',
      cause: 'The shares are above what the owner may redeem.',
      fix: 'Redeem at most the maximum.',
    },
    {
      signature: 'ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max)',
      cause: 'The assets are above what the owner may withdraw.',
      fix: 'Withdraw at most the maximum.',
    },
    {
      signature: 'ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
      cause: 'The spender may not move as many shares.',
      fix: 'Approve the spender.',
    },
    {
      signature: 'ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
      cause: 'The sender has fewer shares.',
      fix: 'Move at most the balance.',
    },
    {
      signature: 'ERC20InvalidApprover(address approver)',
      cause: 'The approver is the zero address.',
      fix: 'Approve from an account.',
    },
    {
      signature: 'ERC20InvalidReceiver(address receiver)',
      cause: 'The receiver is the zero address.',
      fix: 'Name a receiver.',
    },
    {
      signature: 'ERC20InvalidSender(address sender)',
      cause: 'The sender is the zero address.',
      fix: 'Send from an account.',
    },
    {
      signature: 'ERC20InvalidSpender(address spender)',
      cause: 'The spender is the zero address.',
      fix: 'Name a spender.',
    },
  ],
  'Of Solidity itself': [
    {
      signature: 'Error(string reason)',
      cause: 'A contract that is not ours, such as a token, gave this reason.',
      fix: 'Ask that contract.',
    },
    {
      signature: 'Panic(uint256 code)',
      cause:
        'An assertion failed (0x01), an integer overflowed (0x11), a division was by zero (0x12), or an index was out of bounds (0x32).',
      fix: 'Report it with the transaction, if the contract is ours.',
    },
  ],
}
