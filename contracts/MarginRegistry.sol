// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IMarginOracle} from "./interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "./interfaces/IMarginRegistry.sol";
import {ConfigurationCode} from "./libraries/ConfigurationCode.sol";
import {ControlsWord} from "./libraries/ControlsWord.sol";
import {MarginWord} from "./libraries/MarginWord.sol";
import {ModelTerms} from "./libraries/ModelTerms.sol";
import {MarginRecords} from "./MarginRecords.sol";
import {QuorumVerifier} from "./QuorumVerifier.sol";
import {RegistryConfiguration} from "./RegistryConfiguration.sol";

/// @title Registry of signed margin records
/// @notice Verifies records that k of n signers agree on, one by one, in batches or under a root, keeps the newest of every
/// account in one slot, and serves it. Block hash, parameter hash and signer-set id are not on the wire: the contract fills
/// them in, so a record that was signed for another branch, other parameters or another set fails as a bad signature.
contract MarginRegistry is MarginRecords, QuorumVerifier {
    using ControlsWord for uint256;
    using MarginWord for uint256;
    using ModelTerms for uint256;

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "MarginAttestation(address account,uint64 initialMargin,uint64 maintenanceMargin,int64 equity,uint32 observedAt,uint16 lienSeq,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 portfolioRoot,uint256 setId)"
    );
    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "MarginBatch(uint32 observedAt,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 rootsRoot,bytes32 itemsHash,uint256 setId)"
    );
    bytes32 private constant ROOT_TYPEHASH = keccak256(
        "MarginRoot(uint32 observedAt,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 root,uint256 setId)"
    );

    /// @dev Bytes before the bitmap. Single: 4 tag | 20 account | 32 word | 5 blockNumber | 32 portfolioRoot.
    uint256 private constant SINGLE = 93;

    /// @dev Batch and root: 4 tag | 4 observedAt | 1 modelId | 1 flags | 5 blockNumber | 32 root.
    uint256 private constant HEADED = 47;

    /// @dev 20 account | 8 initialMargin | 8 maintenanceMargin | 8 equity | 2 lienSeq.
    uint256 private constant ITEM = 46;

    /// @dev 4 tag | 20 account | 32 word | 32 portfolioRoot, before the siblings.
    uint256 private constant LEAF = 88;
    uint256 private constant SIBLING = 32;

    uint256 private constant MAXIMUM_ITEMS = 1024;
    uint256 private constant MAXIMUM_SIBLINGS = 32;

    /// @dev keccak256 of the newest root, its time and its model: one slot, since whoever shows a leaf has all three.
    bytes32 private _rootCommitment;

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
        (address account, uint256 word, bytes32 portfolioRoot, uint256 terms) = _verified(msg.data, _accepting());
        return _store(account, word, portfolioRoot, terms);
    }

    /// @inheritdoc IMarginRegistry
    function postBatch() external returns (uint256 stored) {
        uint256 current = _accepting();
        (bytes memory code, uint256 header) = _configurationCode(current);
        uint256 start;
        unchecked {
            start = HEADED + BITMAP + SIGNATURE * ConfigurationCode.thresholdIn(header);
        }
        _requireItems(msg.data.length, start);
        (uint256 word, uint256 blockNumber, bytes32 rootsRoot) = _headed(msg.data, current);
        (bytes32 paramsHash, uint256 terms) = _model(code, header, word);
        bytes32 itemsHash = keccak256(msg.data[start:]);
        bytes32 structHash = keccak256(
            abi.encode(
                BATCH_TYPEHASH,
                word.observedAt(),
                word.modelId(),
                word.flags(),
                blockNumber,
                _boundHash(blockNumber),
                paramsHash,
                rootsRoot,
                itemsHash,
                ConfigurationCode.setIdIn(header)
            )
        );
        _requireSignatures(structHash, msg.data, HEADED, code, header);
        unchecked {
            for (uint256 offset = start; offset < msg.data.length; offset += ITEM) {
                uint256 item = uint256(_load(msg.data, offset + 20));
                address account = address(bytes20(_load(msg.data, offset)));
                if (account == address(0)) continue;
                if (!MarginWord.isItem(item)) continue;
                if (_storeItem(account, word | MarginWord.amountsOf(item), terms)) ++stored;
            }
        }
        emit MarginBatchAttested(_header(msg.data), rootsRoot, itemsHash, stored);
    }

    /// @inheritdoc IMarginRegistry
    function postRoot() external returns (bool stored) {
        uint256 current = _accepting();
        (bytes memory code, uint256 header) = _configurationCode(current);
        _requireLength(msg.data.length, HEADED + BITMAP + SIGNATURE * ConfigurationCode.thresholdIn(header));
        (uint256 word, uint256 blockNumber, bytes32 root) = _headed(msg.data, current);
        if (!word.isRootMode()) revert UnsupportedFlags(word.flags());
        (bytes32 paramsHash, ) = _model(code, header, word);
        bytes32 structHash = keccak256(
            abi.encode(
                ROOT_TYPEHASH,
                word.observedAt(),
                word.modelId(),
                word.flags(),
                blockNumber,
                _boundHash(blockNumber),
                paramsHash,
                root,
                ConfigurationCode.setIdIn(header)
            )
        );
        _requireSignatures(structHash, msg.data, HEADED, code, header);
        if (word.observedAt() <= current.newestRootTime()) return false;
        _controls = current.withNewestRootTime(uint32(word.observedAt()));
        _rootCommitment = _commitmentTo(root, word);
        emit MarginRootAttested(_header(msg.data), root);
        return true;
    }

    /// @inheritdoc IMarginRegistry
    function postLeaf() external returns (bool stored) {
        (address account, uint256 word, bytes32 portfolioRoot, uint256 terms) = _proven(msg.data, _accepting());
        return _store(account, word, portfolioRoot, terms);
    }

    /// @inheritdoc IMarginOracle
    function verify(bytes calldata attestation) external returns (address account) {
        uint256 current = _accepting();
        if (attestation.length < 4) revert WrongLength(attestation.length, SINGLE + BITMAP);
        bytes4 tag = bytes4(_load(attestation, 0));
        uint256 word;
        bytes32 portfolioRoot;
        uint256 terms;
        if (tag == IMarginRegistry.post.selector) {
            (account, word, portfolioRoot, terms) = _verified(attestation, current);
        } else if (tag == IMarginRegistry.postLeaf.selector) {
            (account, word, portfolioRoot, terms) = _proven(attestation, current);
        } else {
            revert WrongTag(tag);
        }
        _pull(account, word, portfolioRoot, terms);
    }

    /// @dev Everything that makes a single record acceptable, alike for post and verify: form, time, model, signatures.
    function _verified(
        bytes calldata wire,
        uint256 current
    ) private view returns (address account, uint256 word, bytes32 portfolioRoot, uint256 terms) {
        (bytes memory code, uint256 header) = _configurationCode(current);
        unchecked {
            _requireLength(wire.length, SINGLE + BITMAP + SIGNATURE * ConfigurationCode.thresholdIn(header));
        }
        account = address(bytes20(_load(wire, 4)));
        word = uint256(_load(wire, 24));
        portfolioRoot = _load(wire, 61);
        _requireWellFormed(account, word, portfolioRoot);
        _requireFresh(account, word, type(uint256).max, current);
        if (word.observedAt() > block.timestamp) revert FutureObservation(word.observedAt());
        bytes32 paramsHash;
        (paramsHash, terms) = _model(code, header, word);
        bytes32 structHash = _structHash(
            account,
            word,
            uint40(bytes5(_load(wire, 56))),
            paramsHash,
            portfolioRoot,
            ConfigurationCode.setIdIn(header)
        );
        _requireSignatures(structHash, wire, SINGLE, code, header);
    }

    function _structHash(
        address account,
        uint256 word,
        uint256 blockNumber,
        bytes32 paramsHash,
        bytes32 portfolioRoot,
        uint256 setId
    ) private view returns (bytes32) {
        return
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
                    _boundHash(blockNumber),
                    paramsHash,
                    portfolioRoot,
                    setId
                )
            );
    }

    /// @dev Everything that makes a leaf of the newest root acceptable. Its signatures, time and model window were checked
    /// with the root.
    function _proven(
        bytes calldata wire,
        uint256 current
    ) private view returns (address account, uint256 word, bytes32 portfolioRoot, uint256 terms) {
        if (wire.length < LEAF) revert WrongLength(wire.length, LEAF);
        unchecked {
            uint256 siblings = (wire.length - LEAF) / SIBLING;
            _requireLength(wire.length, LEAF + SIBLING * siblings);
            if (siblings > MAXIMUM_SIBLINGS) revert ProofTooLong(siblings);
        }
        account = address(bytes20(_load(wire, 4)));
        word = uint256(_load(wire, 24));
        portfolioRoot = _load(wire, 56);
        _requireWellFormed(account, word, portfolioRoot);
        if (!word.isRootMode()) revert UnsupportedFlags(word.flags());
        _requireFresh(account, word, type(uint256).max, current);
        bytes32 leaf = keccak256(abi.encode(keccak256(abi.encode(account, word, portfolioRoot))));
        bytes32 root = MerkleProof.processProofCalldata(_siblings(wire), leaf);
        if (_commitmentTo(root, word) != _rootCommitment) revert NotUnderNewestRoot(account);
        (bytes memory code, uint256 header) = _configurationCode(current);
        (, terms) = _model(code, header, word);
    }

    /// @dev What batch and root have in common before their signatures: the part of a record that all their accounts share,
    /// with amounts of zero.
    function _headed(
        bytes calldata message,
        uint256 current
    ) private view returns (uint256 word, uint256 blockNumber, bytes32 root) {
        uint256 header = _header(message);
        blockNumber = uint40(header);
        word = MarginWord.shared(header);
        root = _load(message, 15);
        if (root == 0) revert ZeroRoot();
        if (word.isEnforceable() || word.validityCode() > _maximumValidityCode()) {
            revert UnsupportedFlags(word.flags());
        }
        _requireFresh(address(0), word, type(uint256).max, current);
        if (word.observedAt() > block.timestamp) revert FutureObservation(word.observedAt());
    }

    function _accepting() private view returns (uint256 current) {
        current = _controls;
        if (current.pauses() & ControlsWord.PAUSE_POSTING != 0) revert PostingPaused();
    }

    function _model(
        bytes memory code,
        uint256 header,
        uint256 word
    ) private pure returns (bytes32 paramsHash, uint256 terms) {
        uint256 modelId = word.modelId();
        if (modelId >= ConfigurationCode.modelsIn(header)) revert UndefinedModel(modelId);
        (paramsHash, terms) = ConfigurationCode.modelAt(code, ConfigurationCode.signersIn(header), modelId);
        uint256 observed = word.observedAt();
        if (terms.covers(observed)) return (paramsHash, terms);
        // An undefined model covers nothing.
        if (paramsHash == 0) revert UndefinedModel(modelId);
        revert ModelNotInForce(modelId, observed);
    }

    function _requireWellFormed(address account, uint256 word, bytes32 portfolioRoot) private view {
        if (account == address(0)) revert ZeroAccount();
        if (portfolioRoot == 0) revert ZeroPortfolioRoot();
        if (word.validityCode() > _maximumValidityCode()) revert UnsupportedFlags(word.flags());
        if (word.isPlain()) return;
        if (word.isEnforceable() && !_isMarginAccount(account)) revert NotMarginAccount(account);
        if (word.lienSeq() != 0) revert UnsupportedLienSequence(word.lienSeq());
        if (word.maintenanceMargin() > word.initialMargin()) {
            revert MaintenanceAboveInitial(word.initialMargin(), word.maintenanceMargin());
        }
    }

    function _configurationCode(uint256 current) private view returns (bytes memory code, uint256 header) {
        code = SSTORE2.read(current.configuration());
        header = ConfigurationCode.header(code);
    }

    function _requireItems(uint256 length, uint256 start) private pure {
        if (length < start) revert WrongLength(length, start + ITEM);
        unchecked {
            uint256 count = (length - start) / ITEM;
            _requireLength(length, start + ITEM * count);
            if (count == 0 || count > MAXIMUM_ITEMS) revert ItemCountOutOfRange(count);
        }
    }

    function _requireLength(uint256 got, uint256 expected) private pure {
        if (got != expected) revert WrongLength(got, expected);
    }

    /// @dev observedAt u32 | modelId u8 | flags u8 | blockNumber u40.
    function _header(bytes calldata message) private pure returns (uint256) {
        return uint256(_load(message, 4)) >> 168;
    }

    function _commitmentTo(bytes32 root, uint256 word) private pure returns (bytes32) {
        return keccak256(abi.encode(root, word.observedAt(), word.modelId()));
    }

    /// @dev The rest of the message as an array of words.
    function _siblings(bytes calldata wire) private pure returns (bytes32[] calldata siblings) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            siblings.offset := add(wire.offset, LEAF)
            siblings.length := shr(5, sub(wire.length, LEAF))
        }
    }
}
