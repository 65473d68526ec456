// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {IMarginRegistry} from "../interfaces/IMarginRegistry.sol";
import {RegistryHarness} from "./RegistryHarness.sol";

interface Vm {
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 privateKey) external pure returns (address);
    function load(address target, bytes32 slot) external view returns (bytes32);
}

/// A registry of one signer, with the digest written a second time, field by field.
abstract contract SignedRecords {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant KEY = 0xa11ce;
    uint256 internal constant START = 1_800_000_000;
    bytes32 internal constant PARAMS = keccak256("parameters");
    bytes32 internal constant ROOT = keccak256("portfolio");
    bytes32 internal constant HASH = keccak256("block");

    RegistryHarness internal registry;

    constructor() {
        address[] memory signers = new address[](1);
        signers[0] = VM.addr(KEY);
        IMarginRegistry.Model[] memory models = new IMarginRegistry.Model[](1);
        models[0] = _model();
        registry = new RegistryHarness(address(this), signers, 1, models);
        registry.setHash(7, HASH);
    }

    /// Bounds nothing; tests of the bound have another.
    function _model() internal pure virtual returns (IMarginRegistry.Model memory) {
        return IMarginRegistry.Model(0, PARAMS, 0, type(uint32).max, type(uint64).max, 0, 0);
    }

    function _start() internal {
        VM.warp(START);
        VM.roll(1000);
    }

    function canCall(address, address, bytes4) external pure returns (bool immediate, uint32 delay) {
        return (true, 0);
    }

    function _wire(address account, IMarginOracle.Margin memory m) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "MarginAttestation(address account,uint64 initialMargin,uint64 maintenanceMargin,int64 equity,uint32 observedAt,uint16 lienSeq,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 portfolioRoot,uint256 setId)"
                ),
                account,
                m.initialMargin,
                m.maintenanceMargin,
                m.equity,
                m.observedAt,
                m.lienSeq,
                m.modelId,
                m.flags,
                uint40(7),
                HASH,
                PARAMS,
                ROOT,
                uint256(1)
            )
        );
        return
            abi.encodePacked(
                bytes4(keccak256("post()")),
                account,
                _pack(m),
                uint40(7),
                ROOT,
                uint16(1),
                _signature(structHash)
            );
    }

    /// A batch of records that share the time, model and flags of the first.
    function _batchWire(
        address[] memory accounts,
        IMarginOracle.Margin[] memory margins
    ) internal view returns (bytes memory) {
        bytes memory items;
        for (uint256 i = 0; i < accounts.length; ++i) {
            IMarginOracle.Margin memory m = margins[i];
            items = abi.encodePacked(items, accounts[i], m.initialMargin, m.maintenanceMargin, m.equity, m.lienSeq);
        }
        IMarginOracle.Margin memory first = margins[0];
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "MarginBatch(uint32 observedAt,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 rootsRoot,bytes32 itemsHash,uint256 setId)"
                ),
                first.observedAt,
                first.modelId,
                first.flags,
                uint40(7),
                HASH,
                PARAMS,
                ROOT,
                keccak256(items),
                uint256(1)
            )
        );
        return
            abi.encodePacked(
                bytes4(keccak256("postBatch()")),
                first.observedAt,
                first.modelId,
                first.flags,
                uint40(7),
                ROOT,
                uint16(1),
                _signature(structHash),
                items
            );
    }

    function _leaf(address account, IMarginOracle.Margin memory m) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(keccak256(abi.encode(account, bytes32(_pack(m)), ROOT))));
    }

    function _rootWire(IMarginOracle.Margin memory m, bytes32 root) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "MarginRoot(uint32 observedAt,uint8 modelId,uint8 flags,uint40 blockNumber,bytes32 blockHash,bytes32 paramsHash,bytes32 root,uint256 setId)"
                ),
                m.observedAt,
                m.modelId,
                m.flags,
                uint40(7),
                HASH,
                PARAMS,
                root,
                uint256(1)
            )
        );
        return
            abi.encodePacked(
                bytes4(keccak256("postRoot()")),
                m.observedAt,
                m.modelId,
                m.flags,
                uint40(7),
                root,
                uint16(1),
                _signature(structHash)
            );
    }

    function _signature(bytes32 structHash) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Plimsoll"),
                keccak256("1"),
                block.chainid,
                address(registry)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function _pack(IMarginOracle.Margin memory m) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                m.initialMargin,
                m.maintenanceMargin,
                m.equity,
                m.observedAt,
                m.lienSeq,
                m.modelId,
                m.flags
            );
    }

    function _send(bytes memory wire) internal returns (bool accepted, bool stored) {
        bytes memory result;
        // solhint-disable-next-line avoid-low-level-calls
        (accepted, result) = address(registry).call(wire);
        if (accepted && result.length == 32) stored = abi.decode(result, (bool));
    }
}
