// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IMarginOracle} from "../interfaces/IMarginOracle.sol";
import {MarginConsumer} from "../MarginConsumer.sol";

/// A consumer that shows what the oracle answers within one transaction, and what the answers cost.
contract OracleProbe is MarginConsumer {
    uint256 public passes;

    constructor(
        IMarginOracle oracle,
        uint256 maxAge,
        uint256 agingRate,
        uint256 acceptedModels
    ) MarginConsumer(oracle, maxAge, agingRate, acceptedModels) {}

    function act(address account, uint256 needed, bytes calldata update) external withMargin(account, needed, update) {
        ++passes;
    }

    /// Runs calls on the oracle one after the other in this one transaction, then reads the account.
    function runThenRead(
        bytes[] calldata calls,
        address account,
        uint256 age
    ) external returns (IMarginOracle.Status status, IMarginOracle.Margin memory margin, bytes32 root) {
        for (uint256 i = 0; i < calls.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory result) = address(oracle).call(calls[i]);
            if (!success) {
                // solhint-disable-next-line no-inline-assembly
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
        }
        (status, margin) = oracle.tryMarginOf(account, age);
        root = oracle.pulledRootOf(account);
    }

    /// The call alone, without the caller's decoding of the answer.
    function gasOfRead(address account, uint256 age) external view returns (uint256 used) {
        bytes memory data = abi.encodeCall(oracle.marginOf, (account, age));
        address target = address(oracle);
        bool success;
        uint256 before = gasleft();
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            success := staticcall(gas(), target, add(data, 0x20), mload(data), 0, 0)
        }
        used = before - gasleft();
        require(success, "not fresh");
    }

    /// The call and the decoding of the struct.
    function gasOfDecodedRead(address account, uint256 age) external view returns (uint256 used) {
        uint256 before = gasleft();
        oracle.marginOf(account, age);
        used = before - gasleft();
    }

    function gasOfVerify(bytes calldata attestation) external returns (uint256 used) {
        uint256 before = gasleft();
        oracle.verify(attestation);
        used = before - gasleft();
    }

    function provesLeaf(bytes32[] calldata proof, bytes32 root, bytes32 leaf) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, leaf);
    }
}
