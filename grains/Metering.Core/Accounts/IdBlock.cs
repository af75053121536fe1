using Metering.Core.Encoding;

namespace Metering.Core.Accounts;

/// <summary>
/// A block of the operations an account remembers, taken to be written: numbered from 0 as long as the account lives, filled in order. Where one ends and the next begins
/// follows from the entries alone, so whoever owns the account writes the same bytes under the same number. Its bytes can be made on any thread
/// while the account goes on, until it is given back (<see cref="Account.GiveBackIdBlocks"/>).
/// </summary>
public readonly struct IdBlock
{
    private readonly ReadOnlyMemory<byte> _operations;

    internal IdBlock(long number, bool isSealed, ReadOnlyMemory<byte> operations)
    {
        Number = number;
        IsSealed = isSealed;
        _operations = operations;
    }

    public long Number { get; }

    /// <summary>Nothing is added to it any more: its bytes stay what they are. All but the last are sealed.</summary>
    public bool IsSealed { get; }

    /// <summary>Writes all of its operations, those that are forgotten by now too; each as what differs from the one before.</summary>
    public void Write(ByteWriter writer) => OperationBlocks.Write(writer, _operations.Span);
}
