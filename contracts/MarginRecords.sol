// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TransientSlot} from "@openzeppelin/contracts/utils/TransientSlot.sol";
import {IMarginOracle} from "./interfaces/IMarginOracle.sol";
import {ControlsWord} from "./libraries/ControlsWord.sol";
import {MarginWord} from "./libraries/MarginWord.sol";
import {ModelTerms} from "./libraries/ModelTerms.sol";
import {RegistryConfiguration} from "./RegistryConfiguration.sol";

/// @title Records of a registry: which one counts, and who may rely on it
/// @notice One slot per account, and a transient cache of what was verified in this transaction. Reads see the newer of the
/// two; what is cached is held against the slot at every read, so it never shows what the slot would refuse.
abstract contract MarginRecords is IMarginOracle, RegistryConfiguration {
    using ControlsWord for uint256;
    using MarginWord for uint256;
    using ModelTerms for uint256;
    using TransientSlot for *;

    /// @dev A struct so that Solidity hashes the key once for reading and writing.
    struct Cell {
        uint256 word;
    }

    mapping(address account => Cell cell) private _records;

    /// @inheritdoc IMarginOracle
    function marginOf(address account, uint256 maxAge) external view returns (Margin calldata) {
        uint256 word = _fresh(account, maxAge, _controls);
        // Answers with the ABI encoding of the struct itself. Solidity would lay the struct out in memory twice, at about
        // 600 gas on every read of every consumer. Each field is shifted down and, but for the sign of equity, masked, as
        // MarginWord.unpack does; `calldata` in the signature keeps Solidity from reserving a struct that is never used.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let answer := mload(0x40)
            mstore(answer, shr(192, word))
            mstore(add(answer, 0x20), and(shr(128, word), 0xffffffffffffffff))
            mstore(add(answer, 0x40), signextend(7, shr(64, word)))
            mstore(add(answer, 0x60), and(shr(32, word), 0xffffffff))
            mstore(add(answer, 0x80), and(shr(16, word), 0xffff))
            mstore(add(answer, 0xa0), and(shr(8, word), 0xff))
            mstore(add(answer, 0xc0), and(word, 0xff))
            return(answer, 0xe0)
        }
    }

    /// @inheritdoc IMarginOracle
    function tryMarginOf(address account, uint256 maxAge) external view returns (Status status, Margin memory margin) {
        uint256 word = _newest(account);
        uint256 current = _controls;
        status = _status(word, maxAge, current);
        bool silent = status == Status.Stale || status == Status.Expired || status == Status.Superseded;
        if (silent && current.pauses() & ControlsWord.PAUSE_POSTING != 0) status = Status.Suspended;
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
        uint256 word = _fresh(account, maxAge, _controls);
        return word.equity() >= int256(word.maintenanceMargin());
    }

    /// @inheritdoc IMarginOracle
    function pulledRootOf(address account) external view returns (bytes32 portfolioRoot) {
        uint256 cached = _cachedWord(account).tload();
        if (cached != 0 && cached == _newest(account)) return _cachedRoot(account).tload();
    }

    /// @dev Stores a verified record that takes the place of the stored one. Reverts when it improves too much.
    function _store(
        address account,
        uint256 word,
        bytes32 portfolioRoot,
        uint256 terms
    ) internal returns (bool stored) {
        Cell storage cell = _records[account];
        (bool takesPlace, int256 bound) = _admission(account, word, cell.word, terms);
        if (!takesPlace) return false;
        if (word.free() > bound) revert ImprovementTooLarge(account, word.free(), bound);
        cell.word = word;
        emit MarginAttested(account, word, portfolioRoot);
        return true;
    }

    /// @dev As {_store}, but skips what improves too much and leaves the event to the batch.
    function _storeItem(address account, uint256 word, uint256 terms) internal returns (bool stored) {
        Cell storage cell = _records[account];
        (bool takesPlace, int256 bound) = _admission(account, word, cell.word, terms);
        if (!takesPlace) return false;
        if (word.free() > bound) return false;
        cell.word = word;
        return true;
    }

    /// @dev Keeps a verified record for the rest of the transaction, unless the one kept already counts for more.
    function _pull(address account, uint256 word, bytes32 portfolioRoot, uint256 terms) internal {
        uint256 cached = _cachedWord(account).tload();
        if (cached != 0 && !word.supersedes(cached)) return;
        _cachedWord(account).tstore(word);
        _cachedRoot(account).tstore(portfolioRoot);
        _cachedTerms(account).tstore(terms);
    }

    /// @dev Reverts unless the record may be relied on now.
    function _requireFresh(address account, uint256 word, uint256 maxAge, uint256 current) internal view {
        if (_isFresh(word, maxAge, current)) return;
        Status status = _status(word, maxAge, current);
        if (status == Status.Unknown) revert UnknownAccount(account);
        if (status == Status.Invalidated) {
            revert InvalidatedMargin(account, word.observedAt(), current.invalidBefore());
        }
        if (status == Status.Retired) revert RetiredModel(account, word.modelId());
        if (status == Status.Superseded) {
            revert SupersededMargin(account, word.observedAt(), current.newestRootTime());
        }
        if (status == Status.Expired) revert ExpiredMargin(account, word.expiresAt());
        revert StaleMargin(account, word.observedAt(), maxAge);
    }

    /// @dev Whether the account is a margin account, whose positions cannot be moved under liens. Virtual: there is none yet.
    function _isMarginAccount(address) internal view virtual returns (bool) {
        return false;
    }

    /// @dev Whether a record counts for more than the stored one and is of its model and scope, or of the model that the
    /// account may move to; and the most free equity that it may show.
    function _admission(
        address account,
        uint256 word,
        uint256 before,
        uint256 terms
    ) private view returns (bool takesPlace, int256 bound) {
        if (!word.supersedes(before)) return (false, 0);
        if (before == 0) return (true, int256(terms.base()));
        if (!word.isOfKind(before)) {
            if (!_mayMove(account, word, before)) return (false, 0);
        }
        return (true, terms.bound(word, before));
    }

    function _mayMove(address account, uint256 word, uint256 before) private view returns (bool) {
        return word.isEnforceable() == before.isEnforceable() && _nextModel[account] == word.modelId() + 1;
    }

    /// @dev Transient slots are used for nothing else, so the account is its own key: its word at the address, its root and
    /// the terms of its model at the address with bit 160 or bit 161 set.
    function _cachedWord(address account) private pure returns (TransientSlot.Uint256Slot) {
        return bytes32(uint256(uint160(account))).asUint256();
    }

    function _cachedRoot(address account) private pure returns (TransientSlot.Bytes32Slot) {
        return bytes32((1 << 160) | uint256(uint160(account))).asBytes32();
    }

    function _cachedTerms(address account) private pure returns (TransientSlot.Uint256Slot) {
        return bytes32((1 << 161) | uint256(uint160(account))).asUint256();
    }

    function _freeForNewRisk(address account, uint256 maxAge) private view returns (int256) {
        uint256 current = _controls;
        if (current.pauses() & ControlsWord.PAUSE_RISK_INCREASE != 0) revert RiskIncreasePaused();
        return _fresh(account, maxAge, current).free();
    }

    function _fresh(address account, uint256 maxAge, uint256 current) private view returns (uint256 word) {
        word = _records[account].word;
        uint256 cached = _cachedWord(account).tload();
        if (cached != 0) {
            (bool takesPlace, int256 bound) = _admission(account, cached, word, _cachedTerms(account).tload());
            if (takesPlace) {
                if (cached.free() > bound) revert ImprovementTooLarge(account, cached.free(), bound);
                word = cached;
            }
        }
        _requireFresh(account, word, maxAge, current);
    }

    /// @dev The newer of the stored record and the one verified in this transaction, whether or not it may be relied on:
    /// an unusable record never uncovers an older one. One that improves too much was never let in; {_fresh} says so.
    function _newest(address account) private view returns (uint256 word) {
        word = _records[account].word;
        uint256 cached = _cachedWord(account).tload();
        if (cached == 0) return word;
        (bool takesPlace, int256 bound) = _admission(account, cached, word, _cachedTerms(account).tload());
        if (takesPlace && cached.free() <= bound) word = cached;
    }

    function _status(uint256 word, uint256 maxAge, uint256 current) private view returns (Status) {
        if (_isFresh(word, maxAge, current)) return Status.Fresh;
        if (word == 0) return Status.Unknown;
        if (word.observedAt() < current.invalidBefore()) return Status.Invalidated;
        if (current.isRetired(word.modelId())) return Status.Retired;
        if (word.isRootMode() && word.observedAt() < current.newestRootTime()) return Status.Superseded;
        return block.timestamp > word.expiresAt() ? Status.Expired : Status.Stale;
    }

    /// @dev The one rule of when a record may be relied on; {_status} only names what is wrong.
    function _isFresh(uint256 word, uint256 maxAge, uint256 current) private view returns (bool) {
        // No record is a word of zero, which expired in 1970.
        uint256 observed = word.observedAt();
        if (!current.standsBehind(observed, word.modelId(), word.isRootMode())) return false;
        if (block.timestamp > word.expiresAt()) return false;
        unchecked {
            // An observation from the future has a huge age: never fresh.
            return block.timestamp - observed <= maxAge;
        }
    }
}
