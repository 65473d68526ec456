// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Stand-in for Lido's wstETH, of which no package holds the contracts: the one view that its worth is read by, with a rate that
/// anyone may set. Anyone may mint.
contract WrappedStakedEther is ERC20 {
    /// Ether in one whole token, 18 decimals.
    uint256 public stEthPerToken;

    constructor(uint256 rate) ERC20("Wrapped liquid staked Ether", "wstETH") {
        stEthPerToken = rate;
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function setRate(uint256 rate) external {
        stEthPerToken = rate;
    }
}
