// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @title Lenders' side of a credit line
/// @notice Lenders own shares of one token, in cash or lent out. Loans bear no interest, so shares never gain; they lose
/// when a loan ends with too little collateral. Amounts are counted, not read from balances: a gift to the contract
/// belongs to nobody, and tokens that take a fee on transfer must not be used.
abstract contract LenderPool is ReentrancyGuardTransient {
    /// @notice Token that is lent.
    address public immutable asset;

    /// @notice Tokens that can be lent or withdrawn now.
    uint256 public cash;

    /// @notice Tokens that borrowers owe.
    uint256 public totalDebt;

    /// @notice Sum of all shares.
    uint256 public totalShares;

    /// @notice Shares of a lender.
    mapping(address lender => uint256 shares) public sharesOf;

    /// @notice Nothing to do.
    error ZeroAmount();

    /// @notice Not enough cash.
    /// @param cash Tokens there.
    /// @param needed Tokens asked for.
    error InsufficientCash(uint256 cash, uint256 needed);

    /// @notice More shares than the lender has.
    /// @param shares Shares the lender has.
    /// @param needed Shares asked for.
    error InsufficientShares(uint256 shares, uint256 needed);

    /// @notice A lender came in.
    /// @param lender The lender.
    /// @param assets Tokens paid.
    /// @param shares Shares received.
    event Supplied(address indexed lender, uint256 assets, uint256 shares);

    /// @notice A lender went out.
    /// @param lender The lender.
    /// @param assets Tokens received.
    /// @param shares Shares given up.
    event Redeemed(address indexed lender, uint256 assets, uint256 shares);

    /// @notice Fixes the token.
    /// @param asset_ Token that is lent.
    constructor(address asset_) {
        asset = asset_;
    }

    /// @notice Lends tokens to the pool.
    /// @param assets Tokens to pay.
    /// @return shares Shares received, rounded down.
    function supply(uint256 assets) external nonReentrant returns (uint256 shares) {
        uint256 pool = cash + totalDebt;
        // Shares are never without assets: who redeems less than all leaves at least one unit, and a loan is written off only
        // together with a repayment.
        shares = totalShares == 0 ? assets : FixedPointMathLib.fullMulDiv(assets, totalShares, pool);
        if (shares == 0) revert ZeroAmount();
        totalShares += shares;
        sharesOf[msg.sender] += shares;
        cash += assets;
        emit Supplied(msg.sender, assets, shares);
        SafeTransferLib.safeTransferFrom(asset, msg.sender, address(this), assets);
    }

    /// @notice Gives shares back for tokens.
    /// @param shares Shares to give up.
    /// @return assets Tokens received, rounded down.
    function redeem(uint256 shares) external nonReentrant returns (uint256 assets) {
        if (shares == 0) revert ZeroAmount();
        uint256 held = sharesOf[msg.sender];
        if (shares > held) revert InsufficientShares(held, shares);
        assets = FixedPointMathLib.fullMulDiv(shares, cash + totalDebt, totalShares);
        if (assets > cash) revert InsufficientCash(cash, assets);
        sharesOf[msg.sender] = held - shares;
        totalShares -= shares;
        cash -= assets;
        emit Redeemed(msg.sender, assets, shares);
        SafeTransferLib.safeTransfer(asset, msg.sender, assets);
    }

    function _lend(address to, uint256 amount) internal {
        if (amount > cash) revert InsufficientCash(cash, amount);
        cash -= amount;
        totalDebt += amount;
        SafeTransferLib.safeTransfer(asset, to, amount);
    }

    function _collect(address from, uint256 amount) internal {
        totalDebt -= amount;
        cash += amount;
        SafeTransferLib.safeTransferFrom(asset, from, address(this), amount);
    }

    function _writeOff(uint256 amount) internal {
        totalDebt -= amount;
    }
}
