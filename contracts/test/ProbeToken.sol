// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title ProbeToken
/// @notice A balance that anyone may raise; all that a pool asks of a token when it is paid.
contract ProbeToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }
}
