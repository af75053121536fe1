using System.Buffers;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Silo.Storage;

/// <summary>
/// States as Orleans' serializer writes them, the same bytes as its <see cref="OrleansGrainStorageSerializer"/> makes. That one lets a new buffer grow for each state, which is several times its bytes;
/// here a thread has one, and only the bytes themselves are made anew.
/// </summary>
internal sealed class StateSerializer(Serializer serializer) : IGrainStorageSerializer
{
    /// <summary>A buffer that grew beyond this is not kept.</summary>
    private const int MaxKeptBytes = 1 << 20;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public BinaryData Serialize<T>(T? input)
    {
        var buffer = _buffer ?? new ArrayBufferWriter<byte>();
        _buffer = null;
        serializer.Serialize(input, buffer);
        var bytes = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity <= MaxKeptBytes)
        {
            buffer.ResetWrittenCount();
            _buffer = buffer;
        }

        return new BinaryData(bytes);
    }

    public T Deserialize<T>(BinaryData input) => serializer.Deserialize<T>(input.ToMemory())!;
}
