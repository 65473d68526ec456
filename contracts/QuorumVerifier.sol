// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
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

    /// @notice Separator of the domain that records are signed for, on the chain as it is now.
    /// @return The EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

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

    /// @dev Checks bitmap and signatures at `start` of the message. The bitmap names each signer once, in order, so no
    /// signature can count twice.
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
        // Nothing here comes near an overflow: 16 signers, and `offset` stays inside the length of the message.
        unchecked {
            uint256 offset = start + BITMAP;
            uint256 end = offset + SIGNATURE * threshold;
            for (uint256 i = 0; bitmap != 0; ++i) {
                if (bitmap & 1 != 0) {
                    if (offset == end) revert WrongSignerCount(threshold + 1, threshold);
                    address signer = _recover(digest, _load(message, offset), _load(message, offset + 32));
                    if (signer == address(0) || signer != ConfigurationCode.signerAt(code, i)) {
                        revert InvalidSignature(i);
                    }
                    offset += SIGNATURE;
                }
                bitmap >>= 1;
            }
            if (offset != end) revert WrongSignerCount(threshold - (end - offset) / SIGNATURE, threshold);
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

    /// @dev Who made a compact signature (ERC-2098), zero when nobody can have or when its `s` is the upper of the two.
    function _recover(bytes32 digest, bytes32 r, bytes32 vs) private pure returns (address) {
        uint256 s = uint256(vs) & (type(uint256).max >> 1);
        if (s > HALF_CURVE_ORDER) return address(0);
        return ecrecover(digest, uint256(vs) >> 255 == 0 ? 27 : 28, r, bytes32(s));
    }
}
