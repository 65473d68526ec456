// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";
import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {ChainlinkValue} from "../libraries/ChainlinkValue.sol";
import {MarginConsumer} from "../MarginConsumer.sol";

/// @title An ERC-4626 vault for accounts that can bear its losses
/// @notice For a vault that takes risk, such as a first-loss tranche or an underwriting pool. Nobody may come in with more
/// than free equity elsewhere covers, because a holder who is called for margin somewhere else redeems at the worst moment,
/// at the expense of those who stay. The gate is on whoever receives shares, by deposit or by transfer, and on nothing
/// else: going out asks neither oracle nor price, so no pause, no silence and no record can hold anybody's money.
/// @dev The example keeps its asset idle; a strategy overrides `totalAssets`. Tokens that take a fee on transfer must not
/// be used. A model that values these shares counts them in the equity that is asked for here.
contract GatedVault is ERC4626, MarginConsumer {
    using ChainlinkValue for ChainlinkValue.Feed;
    using Math for uint256;

    /// @notice Free equity demanded for a holding, as a fraction of its value, 18 decimals.
    uint256 public immutable coverage;

    uint256 private constant WAD = 1e18;

    AggregatorV3Interface private immutable _aggregator;
    uint32 private immutable _priceAge;
    uint256 private immutable _scale;

    /// @notice A vault without a gate.
    error ZeroCoverage();

    /// @notice Fixes the asset and the gate.
    /// @param asset_ Token of the vault.
    /// @param name_ Name of the shares.
    /// @param symbol_ Symbol of the shares.
    /// @param aggregator Price of the asset in USD.
    /// @param priceAge Oldest price accepted, seconds.
    /// @param coverage_ Free equity demanded for a holding, as a fraction of its value, 18 decimals; not zero.
    /// @param oracle_ Source of margin records.
    /// @param maxAge_ Oldest record accepted, seconds.
    /// @param agingRate_ Fraction of the requirement added per second of a record's age, 18 decimals.
    /// @param acceptedModels_ One bit per model id.
    constructor(
        IERC20Metadata asset_,
        string memory name_,
        string memory symbol_,
        AggregatorV3Interface aggregator,
        uint32 priceAge,
        uint256 coverage_,
        IMarginOracle oracle_,
        uint256 maxAge_,
        uint256 agingRate_,
        uint256 acceptedModels_
    ) ERC4626(asset_) ERC20(name_, symbol_) MarginConsumer(oracle_, maxAge_, agingRate_, acceptedModels_) {
        if (coverage_ == 0) revert ZeroCoverage();
        coverage = coverage_;
        _aggregator = aggregator;
        _priceAge = priceAge;
        _scale = 10 ** (uint256(asset_.decimals()) + aggregator.decimals());
    }

    /// @notice Deposits on a record that comes with the call.
    /// @param assets Smallest units of the asset.
    /// @param receiver Who gets the shares and must bear them.
    /// @param update What the oracle verifies: a signed record, or a record with its proof.
    /// @return shares Shares received.
    function deposit(uint256 assets, address receiver, bytes calldata update) external returns (uint256 shares) {
        oracle.verify(update);
        return deposit(assets, receiver);
    }

    /// @inheritdoc ERC4626
    /// @dev Without the comparison with `maxDeposit`, which says nothing of the reason: the gate is in {_update}.
    function deposit(uint256 assets, address receiver) public override returns (uint256 shares) {
        shares = previewDeposit(assets);
        _deposit(_msgSender(), receiver, assets, shares);
    }

    /// @inheritdoc ERC4626
    /// @dev As {deposit}.
    function mint(uint256 shares, address receiver) public override returns (uint256 assets) {
        assets = previewMint(shares);
        _deposit(_msgSender(), receiver, assets, shares);
    }

    /// @inheritdoc ERC4626
    /// @dev Never reverts, as the standard demands: zero stands for every reason that {capacityOf} names.
    function maxDeposit(address receiver) public view override returns (uint256) {
        try this.capacityOf(receiver) returns (uint256 capacity) {
            return capacity;
        } catch {
            return 0;
        }
    }

    /// @inheritdoc ERC4626
    function maxMint(address receiver) public view override returns (uint256) {
        return convertToShares(maxDeposit(receiver));
    }

    /// @notice What an account may still bring in on the record that is there. Reverts with the reason when it is not fresh.
    /// @param receiver The account.
    /// @return assets Smallest units of the asset, rounded down.
    function capacityOf(address receiver) external view returns (uint256 assets) {
        uint256 value = _coverable(receiver, _margin(receiver)).mulDiv(WAD, coverage);
        return _feed().amountDown(value).saturatingSub(_holding(receiver));
    }

    /// @dev Whoever gets shares must bear all that he then holds.
    function _update(address from, address to, uint256 shares) internal override {
        super._update(from, to, shares);
        if (to == address(0)) return;
        uint256 needed = _feed().valueUp(_holding(to)).mulDiv(coverage, WAD, Math.Rounding.Ceil);
        _requireMargin(to, needed, _margin(to));
    }

    /// @dev Makes it dear to shift the price of a share before others come in.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }

    /// @dev Assets behind an account's shares, rounded up.
    function _holding(address holder) private view returns (uint256) {
        return _convertToAssets(balanceOf(holder), Math.Rounding.Ceil);
    }

    function _feed() private view returns (ChainlinkValue.Feed memory) {
        return ChainlinkValue.Feed(_aggregator, _priceAge, _scale);
    }
}
