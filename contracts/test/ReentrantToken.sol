// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {TestToken} from "./TestToken.sol";

/// A token that calls somebody during every transfer, and remembers how the last of these calls failed.
contract ReentrantToken is TestToken {
    address public target;
    bytes public data;
    bytes public failure;

    constructor(string memory symbol, uint8 decimals_) TestToken(symbol, decimals_) {}

    function callDuringTransfers(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
        failure = "";
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0)) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory result) = target.call(data);
        if (!success) failure = result;
    }
}
