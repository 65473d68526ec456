// SPDX-License-Identifier: MIT
pragma solidity >=0.8.20;

/// @title Debt of accounts to a consumer of margin records
/// @notice What a margin engine reads as the account's liability to this consumer.
interface IMarginDebt {
    /// @notice What the account owes here. Reverts when the debt cannot be priced: an unknown debt is refused, not zero.
    /// @param account Account to read.
    /// @return debt Quote units, 1e-6 USD, rounded up.
    function debtOf(address account) external view returns (uint256 debt);
}
