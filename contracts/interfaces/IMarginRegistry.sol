// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Posting and configuration of a margin registry
/// @notice What keepers and administrators call. Consumers need IMarginOracle only.
interface IMarginRegistry {
    /// @notice A margin model in force for records observed in [from, until), and how fast it lets free equity rise.
    /// @dev `id`: 0 to 23. `paramsHash`: hash of the canonical parameter set, not zero. Times in Unix seconds. A record's
    /// `equity - initialMargin` is at most `max(that of the stored record, 0) + improvementBase + improvementRate *
    /// min(seconds between the two observations, improvementCap)`; without a stored record at most `improvementBase`. Base
    /// in quote units, rate in quote units per second, cap in seconds. A base of 2^63 or more is no bound.
    struct Model {
        uint8 id;
        bytes32 paramsHash;
        uint32 from;
        uint32 until;
        uint64 improvementBase;
        uint64 improvementRate;
        uint32 improvementCap;
    }

    /// @notice Posting and verification are paused.
    error PostingPaused();

    /// @notice The first four bytes are the selector of neither `post()` nor `postLeaf()`.
    /// @param got First four bytes.
    error WrongTag(bytes4 got);

    /// @notice The message has another length than its signatures, items or proof demand.
    /// @param got Bytes given.
    /// @param expected Bytes demanded.
    error WrongLength(uint256 got, uint256 expected);

    /// @notice A record of the zero address.
    error ZeroAccount();

    /// @notice A record that commits to nothing.
    error ZeroPortfolioRoot();

    /// @notice A batch or root that commits to nothing.
    error ZeroRoot();

    /// @notice Flags that the message cannot carry: a batch or root of enforceable scope, a root or leaf without root mode
    /// (bit 5), or a validity longer than this chain allows.
    /// @param flags Flags of the message or record.
    error UnsupportedFlags(uint256 flags);

    /// @notice Scope enforceable (flag bit 7) is for margin accounts only.
    /// @param account Account of the record.
    error NotMarginAccount(address account);

    /// @notice A batch without items or with too many.
    /// @param count Items given.
    error ItemCountOutOfRange(uint256 count);

    /// @notice The proof does not lead to the newest root at the record's time and model.
    /// @param account Account of the leaf.
    error NotUnderNewestRoot(address account);

    /// @notice A proof longer than any tree is high.
    /// @param siblings Hashes given.
    error ProofTooLong(uint256 siblings);

    /// @notice This registry keeps no liens, so a record can have seen none.
    /// @param lienSeq Sequence number of the record.
    error UnsupportedLienSequence(uint256 lienSeq);

    /// @notice A maintenance margin above the initial margin.
    /// @param initialMargin Quote units.
    /// @param maintenanceMargin Quote units.
    error MaintenanceAboveInitial(uint256 initialMargin, uint256 maintenanceMargin);

    /// @notice No such model.
    /// @param modelId Model of the record.
    error UndefinedModel(uint256 modelId);

    /// @notice The model is not in force at the time of the observation.
    /// @param modelId Model of the record.
    /// @param observedAt Time of the observation, Unix seconds.
    error ModelNotInForce(uint256 modelId, uint256 observedAt);

    /// @notice An observation from the future.
    /// @param observedAt Time of the observation, Unix seconds.
    error FutureObservation(uint256 observedAt);

    /// @notice A block that is not yet behind us.
    /// @param blockNumber Block of the observation.
    error FutureBlock(uint256 blockNumber);

    /// @notice The block is too old for its hash to be known.
    /// @param blockNumber Block of the observation.
    error BlockHashUnavailable(uint256 blockNumber);

    /// @notice The bitmap names a signer that does not exist.
    /// @param bitmap Signer bitmap of the record.
    /// @param signers Number of signers.
    error UnknownSignerBit(uint256 bitmap, uint256 signers);

    /// @notice More or fewer signers than the threshold.
    /// @param got Bits set.
    /// @param threshold Signatures demanded.
    error WrongSignerCount(uint256 got, uint256 threshold);

    /// @notice A signature is malformed, malleable or not of the signer that the bitmap names.
    /// @param signer Index of that signer.
    error InvalidSignature(uint256 signer);

    /// @notice No signer, or more than 16.
    /// @param count Number of signers.
    error SignerCountOutOfRange(uint256 count);

    /// @notice Signers must be non-zero and strictly ascending.
    /// @param index First signer that is not.
    error SignersNotSorted(uint256 index);

    /// @notice The threshold is zero or above the number of signers.
    /// @param threshold Threshold given.
    /// @param signers Number of signers.
    error ThresholdOutOfRange(uint256 threshold, uint256 signers);

    /// @notice The address is not a signer.
    /// @param signer Address given.
    error NotSigner(address signer);

    /// @notice The model is already on its way out, or has not yet come to its end.
    /// @param modelId Model given.
    /// @param failsAt Time from which its records fail, Unix seconds; zero when it is not being retired.
    error RetirementOutOfOrder(uint256 modelId, uint256 failsAt);

    /// @notice A grace longer than any record is valid.
    /// @param grace Seconds given.
    error GraceTooLong(uint256 grace);

    /// @notice The model's id, hash or window cannot be.
    /// @param modelId Model given.
    error InvalidModel(uint256 modelId);

    /// @notice A model keeps its parameters until it is retired and its last record has expired.
    /// @param modelId Model given.
    error ModelInUse(uint256 modelId);

    /// @notice The time lies in the future or does not move forward.
    /// @param time Time given, Unix seconds.
    error InvalidationOutOfRange(uint256 time);

    /// @notice Too few signers are left to open risk again.
    /// @param signers Signers left.
    /// @param threshold Signatures demanded.
    error NotEnoughSigners(uint256 signers, uint256 threshold);

    /// @notice The signer set changed; every record signed for an earlier set and not yet posted is dead.
    /// @param setId Id of the set, part of every signature.
    /// @param threshold Signatures demanded.
    /// @param signers Signers in bitmap order.
    event SignersChanged(uint256 indexed setId, uint256 threshold, address[] signers);

    /// @notice A model was defined or its window changed.
    /// @param modelId The model.
    /// @param paramsHash Hash of its parameter set.
    /// @param from First second of observation it is in force, Unix seconds.
    /// @param until First second it is no longer, Unix seconds.
    /// @param improvementBase Rise of free equity allowed at once, quote units.
    /// @param improvementRate Rise allowed per second, quote units.
    /// @param improvementCap Seconds that count at most.
    event ModelChanged(
        uint256 indexed modelId,
        bytes32 paramsHash,
        uint256 from,
        uint256 until,
        uint256 improvementBase,
        uint256 improvementRate,
        uint256 improvementCap
    );

    /// @notice A model takes no new observations, and its records fail from a time on.
    /// @param modelId The model.
    /// @param failsAt First second at which its records fail, Unix seconds.
    event ModelRetired(uint256 indexed modelId, uint256 failsAt);

    /// @notice An account may move to another model with its next record.
    /// @param account The account.
    /// @param modelId The model.
    event AccountModelChanged(address indexed account, uint256 modelId);

    /// @notice A batch was posted.
    /// @param header observedAt u32, modelId u8, flags u8, blockNumber u40, from the highest of 88 bits down.
    /// @param rootsRoot Merkle root over (account, portfolioRoot) of its items.
    /// @param itemsHash keccak256 of the items as they were sent.
    /// @param stored Items that were stored; the others were older, broke a rule of their account or no record at all.
    event MarginBatchAttested(uint256 header, bytes32 rootsRoot, bytes32 itemsHash, uint256 stored);

    /// @notice A root was posted; records under the roots that are older are dead.
    /// @param header observedAt u32, modelId u8, flags u8, blockNumber u40, from the highest of 88 bits down.
    /// @param root Merkle root over the leaves.
    event MarginRootAttested(uint256 header, bytes32 root);

    /// @notice Pause bits changed.
    /// @param pauses Bit 0: risk-increasing use. Bit 1: posting and verification.
    event PausesChanged(uint256 pauses);

    /// @notice Records observed before a time died.
    /// @param time Unix seconds.
    event InvalidatedBefore(uint256 time);

    /// @notice Stores a signed record: the raw calldata is
    /// `4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot | 2 signerBitmap | k x 64 (r, vs)`, the tag being
    /// this function's selector. Anyone may send it; the result does not depend on the sender.
    /// @return stored False when a record at least as new is already there, or one of another model or scope: then nothing
    /// changes.
    function post() external returns (bool stored);

    /// @notice Stores many records under one set of signatures: the raw calldata is `4 tag | 4 observedAt | 1 modelId |
    /// 1 flags | 5 blockNumber | 32 rootsRoot | 2 signerBitmap | k x 64 (r, vs) | N x 46 items`, an item being
    /// `20 account | 8 initialMargin | 8 maintenanceMargin | 8 equity | 2 lienSeq`. A bad or older item is skipped, the
    /// others land.
    /// @return stored Items stored.
    function postBatch() external returns (uint256 stored);

    /// @notice Stores the root of a tree of records: the raw calldata is `4 tag | 4 observedAt | 1 modelId | 1 flags |
    /// 5 blockNumber | 32 root | 2 signerBitmap | k x 64 (r, vs)`. A leaf is keccak256 of keccak256 of
    /// `abi.encode(account, word, portfolioRoot)`; pairs are hashed in sorted order.
    /// @return stored False when a root of the same time is already there: then nothing changes. An older root reverts.
    function postRoot() external returns (bool stored);

    /// @notice Stores a record that the newest root holds: the raw calldata is `4 tag | 20 account | 32 word |
    /// 32 portfolioRoot | d x 32 siblings`, lowest first. `verify` takes the same bytes.
    /// @return stored As of {post}.
    function postLeaf() external returns (bool stored);

    /// @notice Replaces the signer set.
    /// @param signers Non-zero, strictly ascending, at most 16.
    /// @param threshold Signatures that a record must carry.
    function rotateSigners(address[] calldata signers, uint8 threshold) external;

    /// @notice Removes one signer at once. With fewer signers than the threshold left, risk-increasing use is paused.
    /// @param signer Signer to remove.
    function removeSigner(address signer) external;

    /// @notice Defines a model, or changes the window of one.
    /// @param model The model.
    function setModel(Model calldata model) external;

    /// @notice Ends a model: no observation from now on is taken, and all its records fail after the grace.
    /// @param modelId The model.
    /// @param grace Seconds for which records that are there can still be used; zero to fail them at once. A model whose
    /// grace runs can be ended sooner, never later.
    function retireModel(uint8 modelId, uint32 grace) external;

    /// @notice Fails the records of a model whose grace is over. Anyone may call it.
    /// @param modelId The model.
    function endModel(uint8 modelId) external;

    /// @notice Lets one account move to another model: its next record may be of that model, and then must be.
    /// @param account The account.
    /// @param modelId The model.
    function moveToModel(address account, uint8 modelId) external;

    /// @notice Sets pause bits.
    /// @param bits Bit 0: risk-increasing use. Bit 1: posting and verification.
    function pause(uint8 bits) external;

    /// @notice Clears pause bits.
    /// @param bits Bits to clear.
    function unpause(uint8 bits) external;

    /// @notice Kills every record observed before a time, stored or pulled. Only moves forward.
    /// @param time Unix seconds, at most one second ahead.
    function invalidateBefore(uint32 time) external;

    /// @notice The signer set in force.
    /// @return setId Id of the set, part of every signature.
    /// @return threshold Signatures demanded.
    /// @return signers Signers in bitmap order.
    function signerSet() external view returns (uint256 setId, uint256 threshold, address[] memory signers);

    /// @notice A model; all zero when undefined.
    /// @param modelId The model.
    /// @return model Its parameters and window.
    /// @return retired True when it is being retired or is.
    function modelOf(uint8 modelId) external view returns (Model memory model, bool retired);

    /// @notice What can be switched off.
    /// @return pauses Pause bits.
    /// @return retiredModels One bit per model.
    /// @return invalidBefore Records observed before this time are dead, Unix seconds.
    /// @return newestRootAt Records under the roots that were observed before this time are dead, Unix seconds.
    function controls()
        external
        view
        returns (uint256 pauses, uint256 retiredModels, uint256 invalidBefore, uint256 newestRootAt);
}
