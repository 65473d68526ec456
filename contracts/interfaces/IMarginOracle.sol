// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Verified portfolio margin of accounts
/// @notice What a protocol reads. Amounts are in quote units, 1e-6 USD; times are Unix seconds. Freshness is an argument
/// of every read: there is no getter without it.
interface IMarginOracle {
    /// @notice One margin record.
    /// @dev `initialMargin`: needed to open risk, rounded up. `maintenanceMargin`: needed to keep it, rounded up.
    /// `equity`: net value, rounded down, may be negative. `observedAt`: timestamp of the block that was read.
    /// `lienSeq`: sequence number of the liens that the record has seen. `modelId`: margin model, 0 to 23.
    /// `flags`: bits 0-3 validity code, bit 4 confirmed, bit 5 root mode, bit 6 venue critical, bit 7 enforceable.
    struct Margin {
        uint64 initialMargin;
        uint64 maintenanceMargin;
        int64 equity;
        uint32 observedAt;
        uint16 lienSeq;
        uint8 modelId;
        uint8 flags;
    }

    /// @notice Whether a record may be relied on, and if not, why.
    /// @dev `Unknown`: there is none. `Fresh`: usable. `Stale`: older than the reader's maximum age. `Expired`: past the
    /// validity that its signers gave it. `Invalidated`: observed before the time that the registry no longer trusts.
    /// `Retired`: its model was withdrawn. `Suspended`: stale or expired while the registry takes no records, so that the
    /// silence says nothing of the account. `Superseded`: its flags put it under the roots, and a newer root is there.
    enum Status {
        Unknown,
        Fresh,
        Stale,
        Expired,
        Invalidated,
        Retired,
        Suspended,
        Superseded
    }

    /// @notice No record of the account was ever verified.
    /// @param account Account that was asked for.
    error UnknownAccount(address account);

    /// @notice The record is older than the reader accepts.
    /// @param account Account that was asked for.
    /// @param observedAt Time of the observation, Unix seconds.
    /// @param maxAge Oldest age the reader accepts, seconds.
    error StaleMargin(address account, uint256 observedAt, uint256 maxAge);

    /// @notice The record is past the validity that its signers gave it.
    /// @param account Account that was asked for.
    /// @param expiredAt Last second of its validity, Unix seconds.
    error ExpiredMargin(address account, uint256 expiredAt);

    /// @notice Records of that time are no longer trusted.
    /// @param account Account that was asked for.
    /// @param observedAt Time of the observation, Unix seconds.
    /// @param invalidBefore Records observed before this time are dead, Unix seconds.
    error InvalidatedMargin(address account, uint256 observedAt, uint256 invalidBefore);

    /// @notice The model of the record was withdrawn.
    /// @param account Account that was asked for.
    /// @param modelId Withdrawn model.
    error RetiredModel(address account, uint256 modelId);

    /// @notice The record lives under the roots (flag bit 5) and is older than the newest root: prove the account's leaf.
    /// @param account Account that was asked for.
    /// @param observedAt Time of the observation, Unix seconds.
    /// @param newestRootAt Time of the newest root, Unix seconds.
    error SupersededMargin(address account, uint256 observedAt, uint256 newestRootAt);

    /// @notice Free equity would rise faster than the model allows.
    /// @param account Account of the record.
    /// @param free Equity less initial margin of the record, quote units.
    /// @param bound Most that it may be, quote units.
    error ImprovementTooLarge(address account, int256 free, int256 bound);

    /// @notice Free equity does not cover what is asked.
    /// @param account Account that was asked for.
    /// @param free Equity less initial margin, quote units.
    /// @param needed Free equity asked for, quote units.
    error InsufficientMargin(address account, int256 free, uint256 needed);

    /// @notice Opening new risk on margin is paused.
    error RiskIncreasePaused();

    /// @notice A record was stored.
    /// @param account Account of the record.
    /// @param word The packed record: initialMargin u64, maintenanceMargin u64, equity i64, observedAt u32, lienSeq u16,
    /// modelId u8, flags u8, from the highest bits down.
    /// @param portfolioRoot Commitment to the inputs and witnesses of the record.
    event MarginAttested(address indexed account, uint256 word, bytes32 portfolioRoot);

    /// @notice The account's newest record. Reverts unless it is fresh.
    /// @param account Account to read.
    /// @param maxAge Oldest age accepted, seconds since the observation.
    /// @return margin The record.
    function marginOf(address account, uint256 maxAge) external view returns (Margin memory margin);

    /// @notice The account's newest record with its status. Never reverts; meant for liquidations.
    /// @param account Account to read.
    /// @param maxAge Oldest age that counts as fresh, seconds since the observation.
    /// @return status Only `Fresh` may be relied on.
    /// @return margin The record, also when it is not fresh; all zero when unknown.
    function tryMarginOf(address account, uint256 maxAge) external view returns (Status status, Margin memory margin);

    /// @notice Equity less initial margin. Reverts unless fresh, and while risk-increasing use is paused.
    /// @param account Account to read.
    /// @param maxAge Oldest age accepted, seconds since the observation.
    /// @return free Quote units, may be negative.
    function freeEquity(address account, uint256 maxAge) external view returns (int256 free);

    /// @notice Reverts unless a fresh record shows the free equity needed, and while risk-increasing use is paused.
    /// @param account Account to read.
    /// @param needed Free equity needed, quote units.
    /// @param maxAge Oldest age accepted, seconds since the observation.
    function requireMargin(address account, uint256 needed, uint256 maxAge) external view;

    /// @notice Whether equity covers the maintenance margin. Reverts unless fresh: silence is not insolvency.
    /// @param account Account to read.
    /// @param maxAge Oldest age accepted, seconds since the observation.
    /// @return solvent True when equity is at least the maintenance margin.
    function isSolvent(address account, uint256 maxAge) external view returns (bool solvent);

    /// @notice Verifies a record and serves it for the rest of this transaction, without storing it. Takes a signed record or
    /// a leaf of the newest root. Reads see the newer of this and the stored record, so an older record changes nothing;
    /// they revert while it shows a larger rise of free equity than its model allows.
    /// @param attestation The bytes that would be sent to post it, tag included.
    /// @return account Account of the record.
    function verify(bytes calldata attestation) external returns (address account);

    /// @notice Commitment to the inputs and witnesses behind the record that reads see, when it came through `verify`
    /// in this transaction.
    /// @param account Account to read.
    /// @return portfolioRoot Zero when reads see a record that did not come through `verify`.
    function pulledRootOf(address account) external view returns (bytes32 portfolioRoot);
}
