// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IMarginRegistry} from "./interfaces/IMarginRegistry.sol";
import {ConfigurationCode} from "./libraries/ConfigurationCode.sol";
import {ControlsWord} from "./libraries/ControlsWord.sol";
import {MarginWord} from "./libraries/MarginWord.sol";

/// @title Signers, models and switches of a margin registry
/// @notice Every change goes through an AccessManager: what makes the registry stricter can be immediate, what makes it
/// laxer can wait behind its timelock. Reading and posting never ask it.
abstract contract RegistryConfiguration is IMarginRegistry, AccessManaged {
    using ControlsWord for uint256;

    uint256 private constant MAXIMUM_SIGNERS = 16;
    uint256 private constant MAXIMUM_MODELS = 24;

    /// @dev Laid out in {ControlsWord}. The only slot besides the record that a post or a read touches.
    uint256 internal _controls;

    /// @dev First second at which the records of a model fail, zero when it is not being retired.
    mapping(uint256 modelId => uint256 time) private _failsAt;

    /// @dev One more than the model that an account may move to with its next record; zero for none. Asked only for a record
    /// of another model than the stored one.
    mapping(address account => uint256 modelIdPlusOne) internal _nextModel;

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
    ) AccessManaged(authority) {
        ConfigurationCode.Configuration memory configuration;
        for (uint256 i = 0; i < models.length; ++i) _defineModel(configuration, models[i]);
        _setSigners(configuration, signers, threshold);
    }

    /// @inheritdoc IMarginRegistry
    function rotateSigners(address[] calldata signers, uint8 threshold) external restricted {
        _setSigners(_configuration(), signers, threshold);
    }

    /// @inheritdoc IMarginRegistry
    function removeSigner(address signer) external restricted {
        ConfigurationCode.Configuration memory configuration = _configuration();
        address[] memory signers = configuration.signers;
        address[] memory rest = new address[](signers.length == 0 ? 0 : signers.length - 1);
        uint256 kept = 0;
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == signer) continue;
            if (kept == rest.length) revert NotSigner(signer);
            rest[kept++] = signers[i];
        }
        if (signers.length == 0) revert NotSigner(signer);
        configuration.signers = rest;
        if (rest.length < configuration.threshold) _setPauses(_controls.pauses() | ControlsWord.PAUSE_RISK_INCREASE);
        _beginSet(configuration);
    }

    /// @inheritdoc IMarginRegistry
    function setModel(Model calldata model) external restricted {
        ConfigurationCode.Configuration memory configuration = _configuration();
        if (model.id < configuration.models.length) {
            bytes32 paramsHash = configuration.models[model.id].paramsHash;
            uint256 failsAt = _failsAt[model.id];
            if (failsAt != 0) {
                // A record of the old parameters must not come to life under the new ones.
                if (block.timestamp <= failsAt + MarginWord.LONGEST_VALIDITY) revert ModelInUse(model.id);
                _failsAt[model.id] = 0;
                _controls = _controls.withRetired(model.id, false);
            } else if (paramsHash != 0 && paramsHash != model.paramsHash) {
                revert ModelInUse(model.id);
            }
        }
        _defineModel(configuration, model);
        _write(configuration);
    }

    /// @inheritdoc IMarginRegistry
    function retireModel(uint8 modelId, uint32 grace) external restricted {
        if (grace > MarginWord.LONGEST_VALIDITY) revert GraceTooLong(grace);
        ConfigurationCode.Configuration memory configuration = _configuration();
        ConfigurationCode.ModelEntry memory entry = _definedModel(configuration, modelId);
        uint256 failsAt = block.timestamp + grace;
        uint256 before = _failsAt[modelId];
        if (before != 0 && failsAt >= before) revert RetirementOutOfOrder(modelId, before);
        _failsAt[modelId] = failsAt;
        if (grace == 0) _controls = _controls.withRetired(modelId, true);
        if (entry.until > block.timestamp) {
            entry.until = uint32(block.timestamp);
            _write(configuration);
        }
        emit ModelRetired(modelId, failsAt);
    }

    /// @inheritdoc IMarginRegistry
    function endModel(uint8 modelId) external {
        uint256 failsAt = _failsAt[modelId];
        if (failsAt == 0 || block.timestamp < failsAt) revert RetirementOutOfOrder(modelId, failsAt);
        _controls = _controls.withRetired(modelId, true);
    }

    /// @inheritdoc IMarginRegistry
    function moveToModel(address account, uint8 modelId) external restricted {
        _definedModel(_configuration(), modelId);
        _nextModel[account] = uint256(modelId) + 1;
        emit AccountModelChanged(account, modelId);
    }

    /// @inheritdoc IMarginRegistry
    function pause(uint8 bits) external restricted {
        _setPauses(_controls.pauses() | bits);
    }

    /// @inheritdoc IMarginRegistry
    function unpause(uint8 bits) external restricted {
        if (bits & ControlsWord.PAUSE_RISK_INCREASE != 0) {
            uint256 header = ConfigurationCode.header(SSTORE2.read(_controls.configuration()));
            uint256 signers = ConfigurationCode.signersIn(header);
            uint256 threshold = ConfigurationCode.thresholdIn(header);
            if (signers < threshold) revert NotEnoughSigners(signers, threshold);
        }
        _setPauses(_controls.pauses() & ~uint256(bits));
    }

    /// @inheritdoc IMarginRegistry
    function invalidateBefore(uint32 time) external restricted {
        // A time far ahead would kill records that are not even made yet, and could not be taken back.
        if (time <= _controls.invalidBefore() || time > block.timestamp + 1) revert InvalidationOutOfRange(time);
        _controls = _controls.withInvalidBefore(time);
        emit InvalidatedBefore(time);
    }

    /// @inheritdoc IMarginRegistry
    function signerSet() external view returns (uint256 setId, uint256 threshold, address[] memory signers) {
        ConfigurationCode.Configuration memory configuration = _configuration();
        return (configuration.setId, configuration.threshold, configuration.signers);
    }

    /// @inheritdoc IMarginRegistry
    function modelOf(uint8 modelId) external view returns (Model memory model, bool retired) {
        ConfigurationCode.ModelEntry[] memory models = _configuration().models;
        model.id = modelId;
        if (modelId < models.length) {
            ConfigurationCode.ModelEntry memory entry = models[modelId];
            model = Model(modelId, entry.paramsHash, entry.from, entry.until, entry.base, entry.rate, entry.cap);
            retired = _failsAt[modelId] != 0;
        }
    }

    /// @inheritdoc IMarginRegistry
    function controls()
        external
        view
        returns (uint256 pauses, uint256 retiredModels, uint256 invalidBefore, uint256 newestRootAt)
    {
        uint256 current = _controls;
        return (current.pauses(), current.retiredModels(), current.invalidBefore(), current.newestRootTime());
    }

    function _setSigners(
        ConfigurationCode.Configuration memory configuration,
        address[] memory signers,
        uint8 threshold
    ) private {
        if (signers.length == 0 || signers.length > MAXIMUM_SIGNERS) revert SignerCountOutOfRange(signers.length);
        if (threshold == 0 || threshold > signers.length) revert ThresholdOutOfRange(threshold, signers.length);
        address previous = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] <= previous) revert SignersNotSorted(i);
            previous = signers[i];
        }
        configuration.signers = signers;
        configuration.threshold = threshold;
        _beginSet(configuration);
    }

    function _beginSet(ConfigurationCode.Configuration memory configuration) private {
        configuration.setId += 1;
        _write(configuration);
        emit SignersChanged(configuration.setId, configuration.threshold, configuration.signers);
    }

    function _defineModel(ConfigurationCode.Configuration memory configuration, Model memory model) private {
        if (model.id >= MAXIMUM_MODELS || model.paramsHash == 0 || model.from >= model.until) {
            revert InvalidModel(model.id);
        }
        ConfigurationCode.ModelEntry[] memory models = configuration.models;
        if (model.id >= models.length) {
            models = new ConfigurationCode.ModelEntry[](uint256(model.id) + 1);
            for (uint256 i = 0; i < configuration.models.length; ++i) models[i] = configuration.models[i];
        }
        (uint64 base, uint64 rate, uint32 cap) = (model.improvementBase, model.improvementRate, model.improvementCap);
        models[model.id] = ConfigurationCode.ModelEntry(model.paramsHash, model.from, model.until, base, rate, cap);
        configuration.models = models;
        emit ModelChanged(model.id, model.paramsHash, model.from, model.until, base, rate, cap);
    }

    function _definedModel(
        ConfigurationCode.Configuration memory configuration,
        uint8 modelId
    ) private pure returns (ConfigurationCode.ModelEntry memory entry) {
        if (modelId >= configuration.models.length) revert UndefinedModel(modelId);
        entry = configuration.models[modelId];
        if (entry.paramsHash == 0) revert UndefinedModel(modelId);
    }

    function _write(ConfigurationCode.Configuration memory configuration) private {
        _controls = _controls.withConfiguration(SSTORE2.write(ConfigurationCode.encode(configuration)));
    }

    function _setPauses(uint256 pauses) private {
        _controls = _controls.withPauses(uint8(pauses));
        emit PausesChanged(pauses);
    }

    function _configuration() private view returns (ConfigurationCode.Configuration memory) {
        return ConfigurationCode.decode(SSTORE2.read(_controls.configuration()));
    }
}
