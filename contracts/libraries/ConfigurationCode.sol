// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ModelTerms} from "./ModelTerms.sol";

/// @title Signer set and models as the code of a data contract
/// @notice One code read costs less than one storage read per signer. Layout, without the leading STOP byte:
/// setId u32 | threshold u8 | n u8 | m u8 | n x signer (20) | m x (paramsHash (32), from u32, until u32, base u64, rate u64,
/// cap u32), the model at position i having id i.
library ConfigurationCode {
    /// @notice A model's parameters, window and change bounds; `paramsHash` zero when undefined.
    struct ModelEntry {
        bytes32 paramsHash;
        uint32 from;
        uint32 until;
        uint64 base;
        uint64 rate;
        uint32 cap;
    }

    /// @notice Everything that the data contract holds.
    struct Configuration {
        uint32 setId;
        uint8 threshold;
        address[] signers;
        ModelEntry[] models;
    }

    uint256 private constant HEADER = 7;
    uint256 private constant SIGNER = 20;
    uint256 private constant MODEL = 60;

    /// @notice The code for a configuration.
    /// @param configuration At most 16 signers and 24 models.
    /// @return code Bytes to write.
    function encode(Configuration memory configuration) internal pure returns (bytes memory code) {
        address[] memory signers = configuration.signers;
        ModelEntry[] memory models = configuration.models;
        // Both lengths are bounded far below 256 by their callers; a longer list must not wrap.
        assert(signers.length <= 16 && models.length <= 24);
        code = abi.encodePacked(
            configuration.setId,
            configuration.threshold,
            uint8(signers.length),
            uint8(models.length)
        );
        for (uint256 i = 0; i < signers.length; ++i) code = abi.encodePacked(code, signers[i]);
        for (uint256 i = 0; i < models.length; ++i) {
            ModelEntry memory entry = models[i];
            code = abi.encodePacked(code, entry.paramsHash, entry.from, entry.until, entry.base, entry.rate, entry.cap);
        }
    }

    /// @notice The configuration in a code.
    /// @param code Bytes that {encode} made.
    /// @return configuration What they hold.
    function decode(bytes memory code) internal pure returns (Configuration memory configuration) {
        uint256 head = header(code);
        (uint256 signers, uint256 models) = (signersIn(head), modelsIn(head));
        configuration.setId = uint32(setIdIn(head));
        configuration.threshold = uint8(thresholdIn(head));
        configuration.signers = new address[](signers);
        for (uint256 i = 0; i < signers; ++i) configuration.signers[i] = signerAt(code, i);
        configuration.models = new ModelEntry[](models);
        for (uint256 i = 0; i < models; ++i) {
            (bytes32 paramsHash, uint256 terms) = modelAt(code, signers, i);
            configuration.models[i] = ModelEntry(
                paramsHash,
                uint32(ModelTerms.from(terms)),
                uint32(ModelTerms.until(terms)),
                uint64(ModelTerms.base(terms)),
                uint64(ModelTerms.rate(terms)),
                uint32(ModelTerms.cap(terms))
            );
        }
    }

    /// @notice What the code begins with: read it with {setIdIn}, {thresholdIn}, {signersIn} and {modelsIn}.
    /// @param code Bytes that {encode} made.
    /// @return The first word.
    function header(bytes memory code) internal pure returns (uint256) {
        return _word(code, 0);
    }

    /// @notice Id of the signer set.
    /// @param word As of {header}.
    /// @return The id.
    function setIdIn(uint256 word) internal pure returns (uint256) {
        return word >> 224;
    }

    /// @notice Signatures demanded.
    /// @param word As of {header}.
    /// @return The number.
    function thresholdIn(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 216);
    }

    /// @notice Number of signers.
    /// @param word As of {header}.
    /// @return The number.
    function signersIn(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 208);
    }

    /// @notice Number of model entries.
    /// @param word As of {header}.
    /// @return The number.
    function modelsIn(uint256 word) internal pure returns (uint256) {
        return uint8(word >> 200);
    }

    /// @notice One signer.
    /// @param code Bytes that {encode} made.
    /// @param index Below the number of signers.
    /// @return The signer.
    function signerAt(bytes memory code, uint256 index) internal pure returns (address) {
        unchecked {
            // Indices are bytes of the header, so no offset comes near an overflow.
            return address(uint160(_word(code, HEADER + SIGNER * index) >> 96));
        }
    }

    /// @notice Where the signers lie in memory, 20 bytes each and nothing between them.
    /// @param code Bytes that {encode} made.
    /// @return start Memory offset of the first.
    function signersStart(bytes memory code) internal pure returns (uint256 start) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            start := add(code, add(0x20, HEADER))
        }
    }

    /// @notice One model entry.
    /// @param code Bytes that {encode} made.
    /// @param signers Number of signers.
    /// @param index Below the number of model entries.
    /// @return paramsHash Hash of the parameter set, zero when undefined.
    /// @return terms Window and change bounds, to be read with {ModelTerms}.
    function modelAt(
        bytes memory code,
        uint256 signers,
        uint256 index
    ) internal pure returns (bytes32 paramsHash, uint256 terms) {
        unchecked {
            // As in signerAt.
            uint256 offset = HEADER + SIGNER * signers + MODEL * index;
            paramsHash = bytes32(_word(code, offset));
            terms = _word(code, offset + 32);
        }
    }

    /// @dev 32 bytes of `code` from `offset` on. Solidity has no unaligned load from memory. The last fields are shorter
    /// than a word: the bytes behind them are read and shifted out, never used.
    function _word(bytes memory code, uint256 offset) private pure returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := mload(add(add(code, 0x20), offset))
        }
    }
}
