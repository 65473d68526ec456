// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Posting and configuration of a margin registry
/// @notice What keepers and administrators call. Consumers need IMarginOracle only.
interface IMarginRegistry {
    /// @notice A margin model in force for records observed in [from, until).
    /// @dev `id`: 0 to 23. `paramsHash`: hash of the canonical parameter set, not zero. Times in Unix seconds.
    struct Model {
        uint8 id;
        bytes32 paramsHash;
        uint32 from;
        uint32 until;
    }

    /// @notice Posting and verification are paused.
    error PostingPaused();

    /// @notice The first four bytes are not the selector of `post()`.
    /// @param got First four bytes.
    error WrongTag(bytes4 got);

    /// @notice The record has another length than its signatures demand.
    /// @param got Bytes given.
    /// @param expected Bytes demanded.
    error WrongLength(uint256 got, uint256 expected);

    /// @notice A record of the zero address.
    error ZeroAccount();

    /// @notice A record that commits to nothing.
    error ZeroPortfolioRoot();

    /// @notice Flags of modes that this registry does not have.
    /// @param flags Flags of the record.
    error UnsupportedFlags(uint256 flags);

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
    event ModelChanged(uint256 indexed modelId, bytes32 paramsHash, uint256 from, uint256 until);

    /// @notice A model was withdrawn with all its records.
    /// @param modelId The model.
    event ModelRetired(uint256 indexed modelId);

    /// @notice Pause bits changed.
    /// @param pauses Bit 0: risk-increasing use. Bit 1: posting and verification.
    event PausesChanged(uint256 pauses);

    /// @notice Records observed before a time died.
    /// @param time Unix seconds.
    event InvalidatedBefore(uint256 time);

    /// @notice Stores a signed record: the raw calldata is
    /// `4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot | 2 signerBitmap | k x 64 (r, vs)`, the tag being
    /// this function's selector. Anyone may send it; the result does not depend on the sender.
    /// @return stored False when a record at least as new is already there: then nothing changes.
    function post() external returns (bool stored);

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

    /// @notice Withdraws a model with all its records.
    /// @param modelId The model.
    function retireModel(uint8 modelId) external;

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
    /// @return retired True when it was withdrawn.
    function modelOf(uint8 modelId) external view returns (Model memory model, bool retired);

    /// @notice What can be switched off.
    /// @return pauses Pause bits.
    /// @return retiredModels One bit per model.
    /// @return invalidBefore Records observed before this time are dead, Unix seconds.
    function controls() external view returns (uint256 pauses, uint256 retiredModels, uint256 invalidBefore);
}
