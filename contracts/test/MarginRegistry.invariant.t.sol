// SPDX-License-Identifier: MIT
// solhint-disable one-contract-per-file
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {SignedRecords} from "./SignedRecords.sol";

/// Posts valid records in any order of time. Keeps its own clock: each call may begin at the chain's.
contract PostingHandler is SignedRecords {
    mapping(address account => uint32 time) public latest;
    bool public wentBack;
    bool public refused;
    uint256 public clock = START;

    function post(uint8 who, uint16 back, int64 equity, uint64 initialMargin, uint16 forward) external {
        clock += forward % 60;
        VM.warp(clock);
        VM.roll(1000);
        address account = address(uint160(0x1001 + (who % 3)));
        uint32 time = uint32(clock - (back % 300));
        (bool accepted, bool stored) = _send(
            _wire(account, IMarginOracle.Margin(initialMargin, 0, equity, time, 0, 0, 15))
        );
        if (!accepted) refused = true;
        (, IMarginOracle.Margin memory margin) = registry.tryMarginOf(account, type(uint256).max);
        if (margin.observedAt < latest[account] || (stored && margin.observedAt != time)) wentBack = true;
        latest[account] = margin.observedAt;
    }
}

contract MarginRegistryInvariantTest {
    PostingHandler private handler;

    constructor() {
        handler = new PostingHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariantObservedAtNeverDecreases() external view {
        require(!handler.wentBack(), "observedAt went back");
    }

    /// Keeps the invariant above from being true of nothing.
    function invariantValidRecordsAreAccepted() external view {
        require(!handler.refused(), "a valid record was refused");
    }
}
