// SPDX-License-Identifier: MIT
// solhint-disable one-contract-per-file
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "../interfaces/IMarginRegistry.sol";
import {SignedRecords} from "./SignedRecords.sol";

/// Posts, batches, pulls and proves signed records of any number in any order of time, and forges some. After every step it
/// holds each stored word against the one before, with arithmetic of its own. Keeps its own clock: each call may begin at
/// the chain's.
contract PostingHandler is SignedRecords {
    uint64 private constant BASE = 1_000_000_000;
    uint64 private constant RATE = 50_000_000;
    uint32 private constant CAP = 40;
    uint256 private constant ACCOUNTS = 3;

    /// Position of the mapping of records in the registry's storage.
    uint256 private constant RECORDS_SLOT = 4;

    mapping(uint256 who => uint256 word) public latest;
    uint256 public clock = START;

    bool public wentBack;
    bool public changedKind;
    bool public roseTooFar;
    bool public storedUnsigned;
    bool public readTooGood;
    bool public blocked;

    function _model() internal pure override returns (IMarginRegistry.Model memory) {
        return IMarginRegistry.Model(0, PARAMS, 0, type(uint32).max, BASE, RATE, CAP);
    }

    function post(uint8 who, uint16 back, int64 equity, uint64 initialMargin, uint16 forward) external {
        _tick(forward);
        IMarginOracle.Margin memory m = _margin(back, equity, initialMargin, 15);
        (bool accepted, bool landed) = _send(_wire(_account(who), m));
        if (landed && _stored(who % ACCOUNTS) != uint256(bytes32(_pack(m)))) blocked = true;
        // Bad news always lands: nothing but a larger rise than the bound is ever refused.
        if (!accepted && int256(m.equity) - int256(uint256(m.initialMargin)) <= int256(uint256(BASE))) blocked = true;
        _check(true);
    }

    function batch(uint16 back, int64[3] calldata equity, uint64[3] calldata initialMargin, uint16 forward) external {
        _tick(forward);
        address[] memory accounts = new address[](ACCOUNTS);
        IMarginOracle.Margin[] memory margins = new IMarginOracle.Margin[](ACCOUNTS);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            accounts[i] = _account(i);
            margins[i] = _margin(back, equity[i], initialMargin[i], 15);
        }
        (bool accepted, ) = _send(_batchWire(accounts, margins));
        if (!accepted) blocked = true;
        _check(true);
    }

    function pull(uint8 who, uint16 back, int64 equity, uint64 initialMargin, uint16 forward) external {
        _tick(forward);
        IMarginOracle.Margin memory m = _margin(back, equity, initialMargin, 15);
        address account = _account(who);
        registry.verify(_wire(account, m));
        (, IMarginOracle.Margin memory seen) = registry.tryMarginOf(account, type(uint256).max);
        uint256 word = uint256(bytes32(_pack(seen)));
        uint256 before = _stored(who % ACCOUNTS);
        if (word != before && _free(word) > _bound(word, before)) readTooGood = true;
        _check(false);
    }

    function prove(uint8 who, int64 equity, uint64 initialMargin, bytes32 sibling, uint16 forward) external {
        _tick(forward);
        IMarginOracle.Margin memory m = _margin(0, equity, initialMargin, 15 | 0x20);
        address account = _account(who);
        bytes32 leaf = _leaf(account, m);
        bytes32 root = keccak256(leaf < sibling ? abi.encodePacked(leaf, sibling) : abi.encodePacked(sibling, leaf));
        _send(_rootWire(m, root));
        _send(abi.encodePacked(bytes4(keccak256("postLeaf()")), account, _pack(m), ROOT, sibling));
        _check(true);
    }

    function forge(uint8 who, uint16 back, int64 equity, uint64 initialMargin, uint16 bit, uint8 kind) external {
        IMarginOracle.Margin memory m = _margin(back, equity, initialMargin, 15);
        bytes memory wire = _wire(_account(who), m);
        if (kind % 3 == 1) {
            address[] memory accounts = new address[](1);
            IMarginOracle.Margin[] memory margins = new IMarginOracle.Margin[](1);
            (accounts[0], margins[0]) = (_account(who), m);
            wire = _batchWire(accounts, margins);
        } else if (kind % 3 == 2) {
            m.flags |= 0x20;
            wire = _rootWire(m, ROOT);
        }
        uint256 place = bit % (wire.length * 8);
        wire[place / 8] = bytes1(uint8(wire[place / 8]) ^ uint8(1 << (place % 8)));
        (bool accepted, ) = _send(wire);
        if (accepted) storedUnsigned = true;
        _check(false);
    }

    function _tick(uint16 forward) private {
        clock += forward % 60;
        VM.warp(clock);
        VM.roll(1000);
    }

    function _account(uint256 who) private pure returns (address) {
        return address(uint160(0x1001 + (who % ACCOUNTS)));
    }

    function _margin(
        uint16 back,
        int64 equity,
        uint64 initialMargin,
        uint8 flags
    ) private view returns (IMarginOracle.Margin memory) {
        // Half of them near the bound, where the rule decides.
        if (back % 2 == 0) (equity, initialMargin) = (equity % 8_000_000_000, initialMargin % 1_000_000_000);
        return IMarginOracle.Margin(initialMargin, 0, equity, uint32(clock - (back % 300)), 0, 0, flags);
    }

    function _check(bool mayStore) private {
        for (uint256 who = 0; who < ACCOUNTS; ++who) {
            uint256 word = _stored(who);
            uint256 before = latest[who];
            if (word == before) continue;
            if (!mayStore) storedUnsigned = true;
            if (uint32(word >> 32) < uint32(before >> 32)) wentBack = true;
            if (before != 0 && (word ^ before) & 0xff80 != 0) changedKind = true;
            if (_free(word) > _bound(word, before)) roseTooFar = true;
            latest[who] = word;
        }
    }

    function _stored(uint256 who) private view returns (uint256) {
        return uint256(VM.load(address(registry), keccak256(abi.encode(_account(who), RECORDS_SLOT))));
    }

    function _free(uint256 word) private pure returns (int256) {
        return int256(int64(uint64(word >> 64))) - int256(uint256(uint64(word >> 192)));
    }

    function _bound(uint256 word, uint256 before) private pure returns (int256 bound) {
        bound = int256(uint256(BASE));
        if (before == 0) return bound;
        int256 free = _free(before);
        if (free > 0) bound += free;
        (uint256 time, uint256 timeBefore) = (uint32(word >> 32), uint32(before >> 32));
        // A revert here would take the finding back with it.
        uint256 elapsed = time > timeBefore ? time - timeBefore : 0;
        bound += int256(uint256(RATE) * (elapsed > CAP ? CAP : elapsed));
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

    /// All in one: every invariant of its own would run the whole campaign again.
    function invariantRulesOfTheRegistryHold() external view {
        require(!handler.wentBack(), "observedAt went back");
        require(!handler.changedKind(), "model or scope changed by a post");
        require(!handler.roseTooFar(), "a stored record rose too far");
        require(!handler.readTooGood(), "a pulled record rose too far");
        require(!handler.storedUnsigned(), "stored without signatures");
        // Keeps the rules above from being true of nothing.
        require(!handler.blocked(), "a valid record was refused");
    }
}
