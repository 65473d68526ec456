// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {ConfigurationCode} from "./libraries/ConfigurationCode.sol";
import {RegistryConfiguration} from "./RegistryConfiguration.sol";

/// @title Signatures of k of n signers over one typed digest
/// @notice Signers are raw addresses: no code that one may have is ever asked. The source of block hashes is virtual, for
/// chains whose block numbers or hashes mean something else.
abstract contract QuorumVerifier is RegistryConfiguration, EIP712 {
    uint256 internal constant BITMAP = 2;
    uint256 internal constant SIGNATURE = 64;

    /// @dev EIP-2935: hashes of the last 8,191 blocks.
    address private constant BLOCK_HASH_HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    uint256 private constant HALF_CURVE_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Hash of a block that is behind us; reverts for one that is not, and when the hash is not known.
    function _boundHash(uint256 blockNumber) internal view virtual returns (bytes32 hash) {
        if (blockNumber >= block.number) revert FutureBlock(blockNumber);
        hash = blockhash(blockNumber);
        if (hash == 0) {
            (bool success, bytes memory result) = BLOCK_HASH_HISTORY.staticcall(abi.encode(blockNumber));
            if (success && result.length == 32) hash = abi.decode(result, (bytes32));
        }
        if (hash == 0) revert BlockHashUnavailable(blockNumber);
    }

    /// @dev Highest validity code that a record may carry on this chain: 15 s times two to its power.
    function _maximumValidityCode() internal view virtual returns (uint256) {
        return 15;
    }

    /// @dev Checks bitmap and signatures at `start` of the message, whose length was checked. The bitmap names each signer
    /// once, in order, so no signature can count twice.
    function _requireSignatures(
        bytes32 structHash,
        bytes calldata message,
        uint256 start,
        bytes memory code,
        uint256 header
    ) internal view {
        bytes32 digest = _hashTypedDataV4(structHash);
        uint256 signers = ConfigurationCode.signersIn(header);
        uint256 threshold = ConfigurationCode.thresholdIn(header);
        uint256 bitmap = uint16(bytes2(_load(message, start)));
        if (bitmap >> signers != 0) revert UnknownSignerBit(bitmap, signers);
        (uint256 valid, uint256 failed) = _countValid(digest, message, start, bitmap, code);
        if (valid == threshold && failed == 0) return;
        uint256 count = LibBit.popCount(bitmap);
        if (count != threshold) revert WrongSignerCount(count, threshold);
        revert InvalidSignature(failed - 1);
    }

    /// @dev Counts the signatures up to the first that is not of the signer that the bitmap names; `failed` is one more than
    /// the index of that signer, zero when there is none.
    /// Recovers each compact signature (ERC-2098) with the precompile. In assembly because Solidity spends about 300 gas
    /// more on each. `ecrecover` answers nothing when no key can have made a signature, and then zero is compared; signers
    /// are never zero. An `s` in the upper half of the order is not looked at: it is malleable.
    function _countValid(
        bytes32 digest,
        bytes calldata message,
        uint256 start,
        uint256 bitmap,
        bytes memory code
    ) private view returns (uint256 valid, uint256 failed) {
        uint256 signer = ConfigurationCode.signersStart(code);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let input := mload(0x40)
            let signature := add(add(message.offset, start), BITMAP)
            mstore(input, digest)
            for {
                let index := 1
            } bitmap {
                bitmap := shr(1, bitmap)
                index := add(index, 1)
                signer := add(signer, 20)
            } {
                if iszero(and(bitmap, 1)) {
                    continue
                }
                let vs := calldataload(add(signature, 0x20))
                let s := shr(1, shl(1, vs))
                mstore(add(input, 0x20), add(27, shr(255, vs)))
                mstore(add(input, 0x40), calldataload(signature))
                mstore(add(input, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
                // The signer is the 20 bytes at `signer`: shifted to the bottom of a word.
                if or(gt(s, HALF_CURVE_ORDER), iszero(eq(mload(0x00), shr(96, mload(signer))))) {
                    failed := index
                    break
                }
                signature := add(signature, SIGNATURE)
                valid := add(valid, 1)
            }
        }
    }

    /// @dev 32 bytes of `message` from `offset` on. A checked slice costs about 100 gas more, and a post takes a dozen. Safe
    /// because every field lies inside a length that was checked before. Fields shorter than a word are cut out of it; what
    /// is read behind them is dropped.
    function _load(bytes calldata message, uint256 offset) internal pure returns (bytes32 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(message.offset, offset))
        }
    }
}
