// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {TransientSlot} from "@openzeppelin/contracts/utils/TransientSlot.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IMarginOracle} from "./interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "./interfaces/IMarginRegistry.sol";
import {ConfigurationCode} from "./libraries/ConfigurationCode.sol";
import {ControlsWord} from "./libraries/ControlsWord.sol";
import {MarginWord} from "./libraries/MarginWord.sol";
import {RegistryConfiguration} from "./RegistryConfiguration.sol";

/// @title Registry of signed margin records
/// @notice Verifies records that k of n signers agree on, keeps the newest of every account in one slot, and serves it.
/// Block hash, parameter hash and signer-set id are not on the wire: the contract fills them in, so a record that was
/// signed for another branch, other parameters or another set fails as a bad signature.
contract MarginRegistry is IMarginOracle, RegistryConfiguration, EIP712 {
    using ControlsWord for uint256;
    using MarginWord for uint256;
    using TransientSlot for *;

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "MarginAttestation(address account,uint64 initialMargin,uint64 maintenanceMargin,int64 equity,uint32 observedAt,uint16 lienSeq,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 portfolioRoot,uint256 setId)"
    );

    /// @dev EIP-2935: hashes of the last 8,191 blocks.
    address private constant BLOCK_HASH_HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @dev Bytes before the signatures: 4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot | 2 signerBitmap.
    uint256 private constant BODY = 95;
    uint256 private constant SIGNATURE = 64;

    uint256 private constant HALF_CURVE_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Bit 5 (root mode) and bit 7 (scope enforceable) name modes that this registry does not have.
    uint256 private constant UNSUPPORTED_FLAGS = 0xa0;

    mapping(address account => uint256 word) private _records;

    /// @notice Sets the first signer set and models.
    /// @param authority AccessManager that decides who may configure.
    /// @param signers Non-zero, strictly ascending, at most 16.
    /// @param threshold Signatures that a record must carry.
    /// @param models Models in force from the start.
    constructor(
        address authority,
        address[] memory signers,
        uint8 threshold,
        Model[] memory models
    ) RegistryConfiguration(authority, signers, threshold, models) EIP712("Plimsoll", "1") {}

    /// @inheritdoc IMarginRegistry
    function post() external returns (bool stored) {
        (address account, uint256 word, bytes32 portfolioRoot) = _verified(msg.data);
        if (!word.supersedes(_records[account])) return false;
        _records[account] = word;
        emit MarginAttested(account, word, portfolioRoot);
        return true;
    }

    /// @inheritdoc IMarginOracle
    function verify(bytes calldata attestation) external returns (address account) {
        uint256 word;
        bytes32 portfolioRoot;
        (account, word, portfolioRoot) = _verified(attestation);
        if (word.supersedes(_pulledWord(account).tload())) {
            _pulledWord(account).tstore(word);
            _pulledRoot(account).tstore(portfolioRoot);
        }
    }

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
        if (
            (status == Status.Stale || status == Status.Expired) && current.pauses() & ControlsWord.PAUSE_POSTING != 0
        ) {
            status = Status.Suspended;
        }
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
        uint256 pulled = _pulledWord(account).tload();
        if (pulled != 0 && pulled == _newest(account)) return _pulledRoot(account).tload();
    }

    /// @notice Separator of the domain that records are signed for, on the chain as it is now.
    /// @return The EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @dev Hash of a past block, zero when unknown. Virtual for chains whose block numbers or hashes mean something else.
    function _blockHash(uint256 blockNumber) internal view virtual returns (bytes32 hash) {
        hash = blockhash(blockNumber);
        if (hash == 0) {
            (bool success, bytes memory result) = BLOCK_HASH_HISTORY.staticcall(abi.encode(blockNumber));
            if (success && result.length == 32) hash = abi.decode(result, (bytes32));
        }
    }

    /// @dev Everything that makes a record acceptable, in one place for post and verify: form, time, model, signatures.
    function _verified(
        bytes calldata wire
    ) private view returns (address account, uint256 word, bytes32 portfolioRoot) {
        uint256 current = _controls;
        if (current.pauses() & ControlsWord.PAUSE_POSTING != 0) revert PostingPaused();
        if (wire.length < BODY) revert WrongLength(wire.length, BODY);
        bytes4 tag = bytes4(_load(wire, 0));
        if (tag != IMarginRegistry.post.selector) revert WrongTag(tag);
        account = address(bytes20(_load(wire, 4)));
        word = uint256(_load(wire, 24));
        portfolioRoot = _load(wire, 61);
        _requireWellFormed(account, word, portfolioRoot);
        _requireFresh(account, word, type(uint256).max, current);
        if (word.observedAt() > block.timestamp) revert FutureObservation(word.observedAt());

        bytes memory code = SSTORE2.read(current.configuration());
        (uint256 setId, uint256 threshold, uint256 signers, uint256 models) = ConfigurationCode.header(code);
        uint256 blockNumber = uint40(bytes5(_load(wire, 56)));
        bytes32 digest = _digest(
            account,
            word,
            blockNumber,
            _paramsHash(code, signers, models, word),
            portfolioRoot,
            setId
        );
        _requireSignatures(digest, wire, code, threshold, signers);
    }

    function _digest(
        address account,
        uint256 word,
        uint256 blockNumber,
        bytes32 paramsHash,
        bytes32 portfolioRoot,
        uint256 setId
    ) private view returns (bytes32) {
        if (blockNumber >= block.number) revert FutureBlock(blockNumber);
        bytes32 hash = _blockHash(blockNumber);
        if (hash == 0) revert BlockHashUnavailable(blockNumber);
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        ATTESTATION_TYPEHASH,
                        account,
                        word.initialMargin(),
                        word.maintenanceMargin(),
                        word.equity(),
                        word.observedAt(),
                        word.lienSeq(),
                        word.modelId(),
                        word.flags(),
                        blockNumber,
                        hash,
                        paramsHash,
                        portfolioRoot,
                        setId
                    )
                )
            );
    }

    /// @dev The bitmap names each signer once, in order, so no signature can count twice.
    function _requireSignatures(
        bytes32 digest,
        bytes calldata wire,
        bytes memory code,
        uint256 threshold,
        uint256 signers
    ) private pure {
        uint256 expected = BODY + SIGNATURE * threshold;
        if (wire.length != expected) revert WrongLength(wire.length, expected);
        uint256 bitmap = uint16(bytes2(_load(wire, 93)));
        if (bitmap >> signers != 0) revert UnknownSignerBit(bitmap, signers);
        uint256 offset = BODY;
        // Nothing here comes near an overflow: 16 signers, and `offset` stays inside the length of the calldata.
        unchecked {
            for (uint256 i = 0; bitmap != 0; ++i) {
                if (bitmap & 1 != 0) {
                    if (offset == expected) revert WrongSignerCount(threshold + 1, threshold);
                    address signer = _recover(digest, _load(wire, offset), _load(wire, offset + 32));
                    if (signer == address(0) || signer != ConfigurationCode.signerAt(code, i)) {
                        revert InvalidSignature(i);
                    }
                    offset += SIGNATURE;
                }
                bitmap >>= 1;
            }
            if (offset != expected) revert WrongSignerCount((offset - BODY) / SIGNATURE, threshold);
        }
    }

    /// @dev Who made a compact signature (ERC-2098), zero when nobody can have or when its `s` is the upper of the two.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) private pure returns (address) {
        uint256 s = uint256(vs) & (type(uint256).max >> 1);
        if (s > HALF_CURVE_ORDER) return address(0);
        return ecrecover(digest, uint256(vs) >> 255 == 0 ? 27 : 28, r, bytes32(s));
    }

    /// @dev Transient slots are used for nothing else, so the account is its own key: its word at the address, its root
    /// at the address with bit 160 set.
    function _pulledWord(address account) private pure returns (TransientSlot.Uint256Slot) {
        return bytes32(uint256(uint160(account))).asUint256();
    }

    function _pulledRoot(address account) private pure returns (TransientSlot.Bytes32Slot) {
        return bytes32((1 << 160) | uint256(uint160(account))).asBytes32();
    }

    function _freeForNewRisk(address account, uint256 maxAge) private view returns (int256) {
        uint256 current = _controls;
        if (current.pauses() & ControlsWord.PAUSE_RISK_INCREASE != 0) revert RiskIncreasePaused();
        return _fresh(account, maxAge, current).free();
    }

    function _fresh(address account, uint256 maxAge, uint256 current) private view returns (uint256 word) {
        word = _newest(account);
        _requireFresh(account, word, maxAge, current);
    }

    /// @dev The newer of the stored record and the one pulled in this transaction, whether or not it may be relied on:
    /// an unusable record never uncovers an older one.
    function _newest(address account) private view returns (uint256 word) {
        word = _records[account];
        uint256 pulled = _pulledWord(account).tload();
        if (pulled != 0 && pulled.supersedes(word)) word = pulled;
    }

    function _requireFresh(address account, uint256 word, uint256 maxAge, uint256 current) private view {
        if (_isFresh(word, maxAge, current)) return;
        Status status = _status(word, maxAge, current);
        if (status == Status.Unknown) revert UnknownAccount(account);
        if (status == Status.Invalidated) {
            revert InvalidatedMargin(account, word.observedAt(), current.invalidBefore());
        }
        if (status == Status.Retired) revert RetiredModel(account, word.modelId());
        if (status == Status.Expired) revert ExpiredMargin(account, word.expiresAt());
        revert StaleMargin(account, word.observedAt(), maxAge);
    }

    function _status(uint256 word, uint256 maxAge, uint256 current) private view returns (Status) {
        if (_isFresh(word, maxAge, current)) return Status.Fresh;
        if (word == 0) return Status.Unknown;
        if (word.observedAt() < current.invalidBefore()) return Status.Invalidated;
        if (current.isRetired(word.modelId())) return Status.Retired;
        return block.timestamp > word.expiresAt() ? Status.Expired : Status.Stale;
    }

    /// @dev The one rule of when a record may be relied on; {_status} only names what is wrong.
    function _isFresh(uint256 word, uint256 maxAge, uint256 current) private view returns (bool) {
        if (word == 0) return false;
        uint256 observed = word.observedAt();
        if (observed < current.invalidBefore()) return false;
        if (current.isRetired(word.modelId())) return false;
        if (block.timestamp > word.expiresAt()) return false;
        unchecked {
            // An observation from the future has a huge age: never fresh.
            return block.timestamp - observed <= maxAge;
        }
    }

    function _paramsHash(
        bytes memory code,
        uint256 signers,
        uint256 models,
        uint256 word
    ) private pure returns (bytes32 paramsHash) {
        uint256 modelId = word.modelId();
        if (modelId >= models) revert UndefinedModel(modelId);
        uint256 from;
        uint256 until;
        (paramsHash, from, until) = ConfigurationCode.modelAt(code, signers, modelId);
        if (paramsHash == 0) revert UndefinedModel(modelId);
        uint256 observed = word.observedAt();
        if (observed < from || observed >= until) revert ModelNotInForce(modelId, observed);
    }

    function _requireWellFormed(address account, uint256 word, bytes32 portfolioRoot) private pure {
        if (account == address(0)) revert ZeroAccount();
        if (portfolioRoot == 0) revert ZeroPortfolioRoot();
        if (word.flags() & UNSUPPORTED_FLAGS != 0) revert UnsupportedFlags(word.flags());
        if (word.lienSeq() != 0) revert UnsupportedLienSequence(word.lienSeq());
        if (word.maintenanceMargin() > word.initialMargin()) {
            revert MaintenanceAboveInitial(word.initialMargin(), word.maintenanceMargin());
        }
    }

    /// @dev 32 bytes of `wire` from `offset` on. A checked slice costs about 100 gas more, and a post takes a dozen. Safe
    /// because every field lies inside a length that was checked before: BODY, then the exact length. Only the tag, the
    /// account, the block number and the bitmap are shorter than a word; what is read behind them is cut off.
    function _load(bytes calldata wire, uint256 offset) private pure returns (bytes32 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(wire.offset, offset))
        }
    }
}
