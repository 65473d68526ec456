// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {MockMarginRegistry} from "../testing/MockMarginRegistry.sol";
import {Vm} from "./SignedRecords.sol";

contract MockMarginRegistryTest {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant ACCOUNT = address(0xACC);
    uint256 private constant START = 1_800_000_000;

    MockMarginRegistry private registry;

    function setUp() external {
        VM.warp(START);
        registry = new MockMarginRegistry();
    }

    function testFuzzServesTheMarginThatATestSets(
        uint64 initialMargin,
        uint64 maintenanceMargin,
        int64 equity
    ) external {
        if (maintenanceMargin > initialMargin) maintenanceMargin = initialMargin;
        registry.setMargin(ACCOUNT, initialMargin, maintenanceMargin, equity);
        IMarginOracle.Margin memory margin = registry.marginOf(ACCOUNT, 0);
        require(margin.initialMargin == initialMargin && margin.maintenanceMargin == maintenanceMargin, "margins");
        require(margin.equity == equity && margin.observedAt == START, "equity and time");
        require(registry.freeEquity(ACCOUNT, 0) == int256(equity) - int256(uint256(initialMargin)), "free");
    }

    function testSaysWhenTheMarginWouldNotCount() external {
        registry.setMargin(ACCOUNT, 1, 1, 5);
        try registry.setMargin(ACCOUNT, 1, 1, 6) {
            revert("a better one of the same second");
        } catch (bytes memory reason) {
            require(bytes4(reason) == MockMarginRegistry.NotStored.selector, "reason");
        }
        registry.setMargin(ACCOUNT, 1, 1, 4);
        VM.warp(START + 1);
        registry.setMargin(ACCOUNT, 1, 1, 6);
        require(registry.marginOf(ACCOUNT, 0).equity == 6, "newer");
    }

    function testServesNothingFromTheFuture() external {
        registry.setMargin(ACCOUNT, 1, 1, 5);
        VM.warp(START - 1);
        (IMarginOracle.Status status, ) = registry.tryMarginOf(ACCOUNT, 1 days);
        require(status == IMarginOracle.Status.Stale, "status");
    }
}
