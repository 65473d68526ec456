// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {MarginWord} from "../libraries/MarginWord.sol";
import {SignedRecords} from "./SignedRecords.sol";

contract MarginRegistryTest is SignedRecords {
    using MarginWord for uint256;

    address private constant ACCOUNT = address(0xACC);

    function setUp() external {
        _start();
    }

    function testFuzzPostsWhatIsSignedAndReadsByTheRules(
        IMarginOracle.Margin memory m,
        uint32 age,
        uint32 later,
        uint256 maxAge,
        uint256 needed
    ) external {
        _shape(m, uint32(START) - (age % 600_000));
        bool expired = block.timestamp > uint256(m.observedAt) + 15 * 2 ** (m.flags % 16);
        (bool accepted, bool stored) = _send(_wire(ACCOUNT, m));
        require(accepted == !expired && stored == !expired, "post");
        if (expired) return;

        VM.warp(START + (later % 600_000));
        uint256 old = block.timestamp - m.observedAt;
        if (maxAge % 3 != 0) maxAge %= 1_000_000;
        IMarginOracle.Status expected = IMarginOracle.Status.Fresh;
        if (old > 15 * 2 ** (m.flags % 16)) expected = IMarginOracle.Status.Expired;
        else if (old > maxAge) expected = IMarginOracle.Status.Stale;
        _requireReads(m, maxAge, needed, expected);
    }

    function testFuzzRandomBytesAreNeverARecord(bytes calldata noise, uint8 signatures) external {
        bytes memory wire = abi.encodePacked(bytes4(keccak256("post()")), noise);
        (bool accepted, ) = _send(wire);
        require(!accepted, "noise");
        // Of the right length, too.
        bytes memory sized = new bytes(91 + 64 * uint256(signatures % 4));
        for (uint256 i = 0; i < sized.length; ++i)
            sized[i] = noise.length == 0 ? bytes1(0x01) : noise[i % noise.length];
        (accepted, ) = _send(abi.encodePacked(bytes4(keccak256("post()")), sized));
        require(!accepted, "sized noise");
    }

    /// All in one transaction: the first is posted, the others are pulled.
    function testFuzzReadsSeeTheNewestOfStoredAndPulled(
        int64[3] calldata equity,
        uint64[3] calldata initialMargin,
        uint8[3] calldata age
    ) external {
        uint256 newest = 0;
        for (uint256 i = 0; i < 3; ++i) {
            IMarginOracle.Margin memory m;
            (m.equity, m.initialMargin, m.observedAt, m.flags) = (
                equity[i],
                initialMargin[i],
                uint32(START) - (age[i] % 4),
                8
            );
            bytes memory wire = _wire(ACCOUNT, m);
            if (i == 0) _send(wire);
            else registry.verify(wire);
            uint256 word = abi.decode(_pack(m), (uint256));
            if (i == 0 || word.supersedes(newest)) newest = word;
            IMarginOracle.Margin memory got = registry.marginOf(ACCOUNT, 60);
            require(abi.decode(_pack(got), (uint256)) == newest, "newest");
        }
    }

    function testRefusesAfterAForkThatChangesTheChainId() external {
        bytes memory wire = _wire(ACCOUNT, _sample());
        uint256 before = block.chainid;
        VM.chainId(before + 1);
        (bool accepted, ) = _send(wire);
        require(!accepted, "signed for the chain before");
        (accepted, ) = _send(_wire(ACCOUNT, _sample()));
        require(accepted, "signed for the chain after");
        VM.chainId(before);
    }

    function testDescribesItsDomain() external view {
        (bytes1 fields, string memory name, string memory version, uint256 id, address verifying, , ) = registry
            .eip712Domain();
        require(fields == hex"0f" && id == block.chainid && verifying == address(registry), "domain");
        require(keccak256(bytes(name)) == keccak256("Plimsoll"), "name");
        require(keccak256(bytes(version)) == keccak256("1"), "version");
    }

    function _sample() private pure returns (IMarginOracle.Margin memory) {
        return IMarginOracle.Margin(5e6, 4e6, -9e6, uint32(START), 0, 0, 8);
    }

    /// Makes of any record one that only its age can spoil.
    function _shape(IMarginOracle.Margin memory m, uint32 observedAt) private pure {
        if (m.maintenanceMargin > m.initialMargin) m.maintenanceMargin = m.initialMargin;
        m.observedAt = observedAt;
        m.lienSeq = 0;
        m.modelId = 0;
        m.flags &= 0x5f;
    }

    function _requireReads(
        IMarginOracle.Margin memory m,
        uint256 maxAge,
        uint256 needed,
        IMarginOracle.Status expected
    ) private view {
        (IMarginOracle.Status status, IMarginOracle.Margin memory got) = registry.tryMarginOf(ACCOUNT, maxAge);
        require(status == expected, "status");
        require(keccak256(abi.encode(got)) == keccak256(abi.encode(m)), "record");
        int256 free = int256(m.equity) - int256(uint256(m.initialMargin));
        bool enough = free >= 0 && uint256(free) >= needed;
        if (expected == IMarginOracle.Status.Fresh) {
            require(registry.marginOf(ACCOUNT, maxAge).equity == m.equity, "marginOf");
            require(registry.freeEquity(ACCOUNT, maxAge) == free, "freeEquity");
            require(
                registry.isSolvent(ACCOUNT, maxAge) == (m.equity >= int256(uint256(m.maintenanceMargin))),
                "isSolvent"
            );
        } else {
            require(_fails(abi.encodeCall(registry.marginOf, (ACCOUNT, maxAge))), "marginOf must fail");
            require(_fails(abi.encodeCall(registry.freeEquity, (ACCOUNT, maxAge))), "freeEquity must fail");
            require(_fails(abi.encodeCall(registry.isSolvent, (ACCOUNT, maxAge))), "isSolvent must fail");
            enough = false;
        }
        bool fails = _fails(abi.encodeCall(registry.requireMargin, (ACCOUNT, needed, maxAge)));
        require(fails == !enough, "requireMargin");
    }

    function _fails(bytes memory data) private view returns (bool) {
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, ) = address(registry).staticcall(data);
        return !success;
    }
}
