// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

import {IMarginOracle} from "./interfaces/IMarginOracle.sol";

/// @title Base of a protocol that relies on margin records
/// @notice Gates an action on an account's free equity. The gate reads; it does not reserve: two consumers may see the
/// same free equity, so lend only against collateral that the consumer itself holds.
abstract contract MarginConsumer {
    /// @notice Source of the records.
    IMarginOracle public immutable oracle;

    /// @notice Oldest record accepted, seconds since its observation.
    uint256 public immutable maxAge;

    /// @notice How fast trust fades: fraction of the requirement added per second of age, 18 decimals.
    /// @dev The requirement at age t is (IM + needed) * (1 + agingRate * t), rounded up. 1 % per minute is 166666666666667.
    uint256 public immutable agingRate;

    /// @notice Models whose records are accepted, one bit per model id.
    uint256 public immutable acceptedModels;

    uint256 private constant WAD = 1e18;

    /// @notice The record's model is not one that this consumer accepts.
    /// @param modelId Model of the record.
    error ModelNotAccepted(uint256 modelId);

    /// @notice The consumer's own settings cannot be.
    error InvalidConsumerSettings();

    /// @notice Fixes what this consumer relies on.
    /// @param oracle_ Source of the records.
    /// @param maxAge_ Oldest record accepted, seconds; not zero.
    /// @param agingRate_ Fraction of the requirement added per second of age, 18 decimals, at most 1.
    /// @param acceptedModels_ One bit per model id, at least one of the 24.
    constructor(IMarginOracle oracle_, uint256 maxAge_, uint256 agingRate_, uint256 acceptedModels_) {
        if (address(oracle_).code.length == 0 || maxAge_ == 0 || maxAge_ > type(uint32).max || agingRate_ > WAD) {
            revert InvalidConsumerSettings();
        }
        if (acceptedModels_ == 0 || acceptedModels_ >> 24 != 0) revert InvalidConsumerSettings();
        oracle = oracle_;
        maxAge = maxAge_;
        agingRate = agingRate_;
        acceptedModels = acceptedModels_;
    }

    /// @notice Lets the action through only when the account's free equity covers `needed`.
    /// @param account Account that takes the risk.
    /// @param needed Free equity needed, quote units.
    /// @param update Empty to use the stored record, else what the oracle verifies: a signed record, or a record with its
    /// proof where the oracle keeps roots.
    modifier withMargin(address account, uint256 needed, bytes calldata update) {
        _requireMargin(account, needed, _pull(account, update));
        _;
    }

    /// @dev Verifies `update` when there is one and returns the record that counts, which is the newer of it and the
    /// stored one. Reverts unless that is fresh and of an accepted model.
    function _pull(address account, bytes calldata update) internal returns (IMarginOracle.Margin memory margin) {
        if (update.length != 0) oracle.verify(update);
        return _margin(account);
    }

    /// @dev The record that counts. Reverts unless it is fresh and of an accepted model.
    function _margin(address account) internal view returns (IMarginOracle.Margin memory margin) {
        margin = oracle.marginOf(account, maxAge);
        if (!_isAccepted(margin.modelId)) revert ModelNotAccepted(margin.modelId);
    }

    /// @dev Reverts unless the free equity of `margin`, which {_pull} or {_margin} just returned, covers `needed` and the surcharge
    /// for its age.
    function _requireMargin(address account, uint256 needed, IMarginOracle.Margin memory margin) internal view {
        uint256 requirement = uint256(margin.initialMargin) + needed;
        uint256 growth = agingRate * (block.timestamp - margin.observedAt);
        uint256 surcharge = requirement == 0 || growth == 0 ? 0 : (requirement * growth - 1) / WAD + 1;
        oracle.requireMargin(account, needed + surcharge, maxAge);
    }

    /// @dev Most that {_requireMargin} would let pass, rounded down, zero when nothing. Reverts while opening risk is paused.
    function _coverable(address account, IMarginOracle.Margin memory margin) internal view returns (uint256 needed) {
        int256 free = oracle.freeEquity(account, maxAge);
        uint256 growth = agingRate * (block.timestamp - margin.observedAt);
        uint256 surcharge = uint256(margin.initialMargin) * growth;
        if (free < 0 || uint256(free) * WAD < surcharge) return 0;
        // (IM + needed) * growth / WAD + needed <= free, solved for needed.
        return (uint256(free) * WAD - surcharge) / (WAD + growth);
    }

    function _isAccepted(uint8 modelId) internal view returns (bool) {
        return (acceptedModels >> modelId) & 1 != 0;
    }
}
