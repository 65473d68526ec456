// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "../interfaces/IMarginRegistry.sol";
import {ControlsWord} from "../libraries/ControlsWord.sol";
import {MarginWord} from "../libraries/MarginWord.sol";
import {ModelTerms} from "../libraries/ModelTerms.sol";

/// @title A margin registry for tests, in which nobody has to sign
/// @notice Takes the word of whoever calls it, and keeps every rule of the registry about which record counts and who may
/// rely on it: order, equal times, one model and scope per account, validity, age, pauses, invalidation, retirement, newer
/// roots. It knows no signers, block hashes, proofs or parameter sets, and free equity may rise at once unless a test sets a
/// bound. Never deploy it where value is.
contract MockMarginRegistry is IMarginOracle {
    using ControlsWord for uint256;
    using MarginWord for uint256;
    using ModelTerms for uint256;

    /// @dev Before the signatures: 4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot | 2 signerBitmap.
    uint256 private constant BODY = 95;

    /// @dev Validity code 15: about 5.7 days.
    uint8 private constant LONGEST = 15;

    /// @dev What was verified in one transaction.
    struct Cached {
        uint256 transaction;
        uint256 word;
        bytes32 portfolioRoot;
    }

    uint256 private _controls;

    /// @dev Laid out in {ModelTerms}, with the lowest bit set; zero for no bound.
    mapping(uint256 modelId => uint256 terms) private _terms;

    mapping(address account => uint256 word) private _records;
    mapping(address account => Cached cached) private _cache;
    uint256 private _transactions;

    /// @dev Number of the transaction that is running, zero until it caches something.
    uint256 private transient _transaction;

    /// @notice The record is not newer than the one that is there, or of another model or scope.
    /// @param account Account of the record.
    error NotStored(address account);

    /// @notice Makes a record of now, of model 0 and of the longest validity, the newest of an account.
    /// @param account Account of the record.
    /// @param initialMargin Quote units.
    /// @param maintenanceMargin Quote units, at most the initial margin.
    /// @param equity Quote units.
    function setMargin(address account, uint64 initialMargin, uint64 maintenanceMargin, int64 equity) external {
        uint32 observedAt = uint32(block.timestamp);
        bool stored = post(
            account,
            Margin(initialMargin, maintenanceMargin, equity, observedAt, 0, 0, LONGEST),
            keccak256(abi.encode(account, observedAt))
        );
        // In the block of the last record a better one does not count, so time has to move first.
        if (!stored) revert NotStored(account);
    }

    /// @notice Posts the bytes of a signed record, whatever its signatures are.
    /// @return stored False when a record that counts for more is there, or one of another model or scope.
    function post() external returns (bool stored) {
        (address account, uint256 word, bytes32 portfolioRoot) = _decode(msg.data);
        return _store(account, word, portfolioRoot);
    }

    /// @inheritdoc IMarginOracle
    /// @dev Whatever the signatures are.
    function verify(bytes calldata attestation) external returns (address account) {
        uint256 word;
        bytes32 portfolioRoot;
        (account, word, portfolioRoot) = _decode(attestation);
        if (_cachedWord(account) != 0 && !word.supersedes(_cachedWord(account))) return account;
        if (_transaction == 0) _transaction = ++_transactions;
        _cache[account] = Cached(_transaction, word, portfolioRoot);
    }

    /// @notice Sets pause bits.
    /// @param bits Bit 0: risk-increasing use. Bit 1: posting and verification.
    function pause(uint8 bits) external {
        _controls = _controls.withPauses(uint8(_controls.pauses()) | bits);
    }

    /// @notice Clears pause bits.
    /// @param bits Bits to clear.
    function unpause(uint8 bits) external {
        _controls = _controls.withPauses(uint8(_controls.pauses()) & ~bits);
    }

    /// @notice Fails all records of a model.
    /// @param modelId The model, 0 to 23.
    function retireModel(uint8 modelId) external {
        _controls = _controls.withRetired(modelId, true);
    }

    /// @notice Kills every record observed before a time.
    /// @param time Unix seconds, at most one second ahead; only moves forward.
    function invalidateBefore(uint32 time) external {
        if (time <= _controls.invalidBefore() || time > block.timestamp + 1) {
            revert IMarginRegistry.InvalidationOutOfRange(time);
        }
        _controls = _controls.withInvalidBefore(time);
    }

    /// @notice Kills every record under the roots (flag bit 5) that was observed before a time, as a newer root does.
    /// @param time Unix seconds; only moves forward.
    function setNewestRoot(uint32 time) external {
        if (time > _controls.newestRootTime()) _controls = _controls.withNewestRootTime(time);
    }

    /// @notice Bounds how fast free equity may rise.
    /// @param modelId The model.
    /// @param base Rise allowed at once, quote units; 2^63 or more is no bound.
    /// @param rate Rise allowed per second between two observations, quote units.
    /// @param cap Seconds that count at most.
    function setImprovementBound(uint8 modelId, uint64 base, uint64 rate, uint32 cap) external {
        _terms[modelId] = (uint256(base) << 128) | (uint256(rate) << 64) | (uint256(cap) << 32) | 1;
    }

    /// @inheritdoc IMarginOracle
    function marginOf(address account, uint256 maxAge) external view returns (Margin memory margin) {
        return _fresh(account, maxAge).unpack();
    }

    /// @inheritdoc IMarginOracle
    function tryMarginOf(address account, uint256 maxAge) external view returns (Status status, Margin memory margin) {
        uint256 word = _newest(account);
        status = _status(word, maxAge);
        bool silent = status == Status.Stale || status == Status.Expired || status == Status.Superseded;
        if (silent && _isPaused(ControlsWord.PAUSE_POSTING)) status = Status.Suspended;
        return (status, word.unpack());
    }

    /// @inheritdoc IMarginOracle
    function freeEquity(address account, uint256 maxAge) external view returns (int256 free) {
        return _freeForNewRisk(account, maxAge);
    }

    /// @inheritdoc IMarginOracle
    function requireMargin(address account, uint256 needed, uint256 maxAge) external view {
        int256 free = _freeForNewRisk(account, maxAge);
        if (free < 0 || uint256(free) < needed) revert InsufficientMargin(account, free, needed);
    }

    /// @inheritdoc IMarginOracle
    function isSolvent(address account, uint256 maxAge) external view returns (bool solvent) {
        uint256 word = _fresh(account, maxAge);
        return word.equity() >= int256(word.maintenanceMargin());
    }

    /// @inheritdoc IMarginOracle
    function pulledRootOf(address account) external view returns (bytes32 portfolioRoot) {
        uint256 cached = _cachedWord(account);
        if (cached != 0 && cached == _newest(account)) portfolioRoot = _cache[account].portfolioRoot;
    }

    /// @notice Stores a record.
    /// @param account Account of the record.
    /// @param margin The record.
    /// @param portfolioRoot What it commits to, not zero.
    /// @return stored False when a record that counts for more is there, or one of another model or scope.
    function post(address account, Margin memory margin, bytes32 portfolioRoot) public returns (bool stored) {
        _requireAccepting();
        uint256 word = abi.decode(
            abi.encodePacked(
                margin.initialMargin,
                margin.maintenanceMargin,
                margin.equity,
                margin.observedAt,
                margin.lienSeq,
                margin.modelId,
                margin.flags
            ),
            (uint256)
        );
        _requireRecord(account, word, portfolioRoot);
        return _store(account, word, portfolioRoot);
    }

    function _store(address account, uint256 word, bytes32 portfolioRoot) private returns (bool) {
        uint256 before = _records[account];
        if (!_takesPlace(word, before)) return false;
        _requireBounded(account, word, before);
        _records[account] = word;
        emit MarginAttested(account, word, portfolioRoot);
        return true;
    }

    function _decode(bytes calldata wire) private view returns (address account, uint256 word, bytes32 portfolioRoot) {
        _requireAccepting();
        if (wire.length < BODY) revert IMarginRegistry.WrongLength(wire.length, BODY);
        if (bytes4(wire[:4]) != IMarginRegistry.post.selector) revert IMarginRegistry.WrongTag(bytes4(wire[:4]));
        account = address(bytes20(wire[4:24]));
        word = uint256(bytes32(wire[24:56]));
        portfolioRoot = bytes32(wire[61:93]);
        _requireRecord(account, word, portfolioRoot);
    }

    function _requireAccepting() private view {
        if (_isPaused(ControlsWord.PAUSE_POSTING)) revert IMarginRegistry.PostingPaused();
    }

    function _requireRecord(address account, uint256 word, bytes32 portfolioRoot) private view {
        if (account == address(0)) revert IMarginRegistry.ZeroAccount();
        if (portfolioRoot == 0) revert IMarginRegistry.ZeroPortfolioRoot();
        if (word.isEnforceable()) revert IMarginRegistry.NotMarginAccount(account);
        if (word.lienSeq() != 0) revert IMarginRegistry.UnsupportedLienSequence(word.lienSeq());
        if (word.maintenanceMargin() > word.initialMargin()) {
            revert IMarginRegistry.MaintenanceAboveInitial(word.initialMargin(), word.maintenanceMargin());
        }
        _requireFresh(account, word, type(uint256).max);
        if (word.observedAt() > block.timestamp) revert IMarginRegistry.FutureObservation(word.observedAt());
        if (word.modelId() >= 24) revert IMarginRegistry.UndefinedModel(word.modelId());
    }

    function _freeForNewRisk(address account, uint256 maxAge) private view returns (int256) {
        if (_isPaused(ControlsWord.PAUSE_RISK_INCREASE)) revert RiskIncreasePaused();
        return _fresh(account, maxAge).free();
    }

    function _fresh(address account, uint256 maxAge) private view returns (uint256 word) {
        uint256 cached = _cachedWord(account);
        if (cached != 0 && _takesPlace(cached, _records[account])) {
            _requireBounded(account, cached, _records[account]);
        }
        word = _newest(account);
        _requireFresh(account, word, maxAge);
    }

    function _requireFresh(address account, uint256 word, uint256 maxAge) private view {
        Status status = _status(word, maxAge);
        if (status == Status.Unknown) revert UnknownAccount(account);
        if (status == Status.Invalidated) {
            revert InvalidatedMargin(account, word.observedAt(), _controls.invalidBefore());
        }
        if (status == Status.Retired) revert RetiredModel(account, word.modelId());
        if (status == Status.Superseded) {
            revert SupersededMargin(account, word.observedAt(), _controls.newestRootTime());
        }
        if (status == Status.Expired) revert ExpiredMargin(account, word.expiresAt());
        if (status == Status.Stale) revert StaleMargin(account, word.observedAt(), maxAge);
    }

    function _status(uint256 word, uint256 maxAge) private view returns (Status) {
        if (word == 0) return Status.Unknown;
        uint256 observedAt = word.observedAt();
        if (observedAt < _controls.invalidBefore()) return Status.Invalidated;
        if (_controls.isRetired(word.modelId())) return Status.Retired;
        if (word.isRootMode() && observedAt < _controls.newestRootTime()) return Status.Superseded;
        if (block.timestamp > word.expiresAt()) return Status.Expired;
        unchecked {
            // A test can turn time back: an observation from the future has a huge age.
            return block.timestamp - observedAt > maxAge ? Status.Stale : Status.Fresh;
        }
    }

    function _newest(address account) private view returns (uint256 word) {
        word = _records[account];
        uint256 cached = _cachedWord(account);
        if (cached != 0 && _takesPlace(cached, word) && cached.free() <= _bound(cached, word)) word = cached;
    }

    function _requireBounded(address account, uint256 word, uint256 before) private view {
        int256 bound = _bound(word, before);
        if (word.free() > bound) revert ImprovementTooLarge(account, word.free(), bound);
    }

    function _bound(uint256 word, uint256 before) private view returns (int256) {
        uint256 terms = _terms[word.modelId()];
        if (terms == 0) return type(int256).max;
        return before == 0 ? int256(terms.base()) : terms.bound(word, before);
    }

    function _isPaused(uint256 bit) private view returns (bool) {
        return _controls.pauses() & bit != 0;
    }

    function _cachedWord(address account) private view returns (uint256) {
        return _transaction != 0 && _cache[account].transaction == _transaction ? _cache[account].word : 0;
    }

    function _takesPlace(uint256 word, uint256 before) private pure returns (bool) {
        return word.supersedes(before) && (before == 0 || word.isOfKind(before));
    }
}
