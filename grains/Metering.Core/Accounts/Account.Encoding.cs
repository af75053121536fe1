using Metering.Core.Encoding;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    private const byte Format = 3;

    /// <summary>As 3, without what was used.</summary>
    private const byte FormatWithoutUsage = 2;

    /// <summary>The number of the oldest block that holds an id that is still remembered.</summary>
    public long FirstIdBlock => _remembered.FirstBlock;

    /// <summary>
    /// Takes the blocks of remembered ids from a number on to be written, the oldest first, and the one that is not sealed yet in any case. Give them back when they are.
    /// </summary>
    /// <param name="from">Blocks before it are written already; one that was given back must not be read any more.</param>
    public IReadOnlyList<IdBlock> TakeIdBlocks(long from) => _remembered.TakeBlocks(from);

    /// <summary>Nobody reads the blocks any more that were taken.</summary>
    public void GiveBackIdBlocks() => _remembered.GiveBackBlocks();

    /// <summary>
    /// Writes the whole state but for the blocks of remembered ids (<see cref="TakeIdBlocks"/>), which are most of it and seldom change: the same state gives the same
    /// bytes.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is an account of the past, which does not have all of its state.</exception>
    public void Write(ByteWriter writer)
    {
        if (_isPast)
        {
            throw new InvalidOperationException("An account of the past remembers no ids: who went on from what it wrote would charge twice.");
        }

        writer.Byte(Format);
        writer.Text(Id);
        writer.Number(Sequence);
        writer.Instant(_lastAt);
        writer.Flag(Exists);
        if (_settings is null)
        {
            return;
        }

        writer.Instant(CreatedAt);
        _settings.Write(writer);
        writer.Amount(Overage);
        _grants.Write(writer);
        _counters.Write(writer);
        _remembered.Write(writer);
        writer.Flag(IsClosed);
        _holds.Write(writer);
        _budgets.Write(writer);
        _policy.Write(writer);
        _producers.Write(writer);
        _reversals.Write(writer);
        _rollups.Write(writer);
    }

    /// <summary>Reads a state back.</summary>
    /// <param name="id">The account.</param>
    /// <param name="bytes">What <see cref="Write"/> wrote.</param>
    /// <param name="idBlocks">What each of its <see cref="IdBlock"/>s wrote, from <see cref="FirstIdBlock"/> to the open one.</param>
    /// <param name="limits">The bounds it keeps from now on.</param>
    /// <exception cref="FormatException">The bytes are damaged, of an unknown format, or of another account; or the blocks are not all of its blocks.</exception>
    public static Account Read(string id, ReadOnlySpan<byte> bytes, IReadOnlyList<ReadOnlyMemory<byte>> idBlocks, AccountLimits limits) =>
        new Account(id, limits).Read(bytes, idBlocks);

    /// <summary>Reads a state back to look at it, and at what came after it, as <see cref="Past"/> does: its blocks of remembered ids need not be there.</summary>
    /// <param name="id">The account.</param>
    /// <param name="bytes">What <see cref="Write"/> wrote.</param>
    /// <param name="limits">The bounds it keeps from now on.</param>
    /// <exception cref="FormatException">The bytes are damaged, of an unknown format, or of another account.</exception>
    public static Account ReadPast(string id, ReadOnlySpan<byte> bytes, AccountLimits limits) => Past(id, limits).Read(bytes, []);

    private Account Read(ReadOnlySpan<byte> bytes, IReadOnlyList<ReadOnlyMemory<byte>> idBlocks)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        if (format is not (Format or FormatWithoutUsage) || reader.Text() != Id)
        {
            throw ByteReader.Damaged();
        }

        (Sequence, _lastAt) = (reader.Number(), reader.Instant());
        _lastReversal = Sequence;
        if (reader.Flag())
        {
            CreatedAt = reader.Instant();
            _settings = AccountSettings.Read(ref reader);
            Overage = reader.Credits();
            _grants = Core.Grants.GrantBook.Read(ref reader);
            _counters = UsageCounters.Read(ref reader);
            _remembered = _isPast ? RememberedIds.ReadNone(ref reader) : RememberedIds.Read(ref reader, idBlocks);
            IsClosed = reader.Flag();
            _holds = Core.Holds.HoldBook.Read(ref reader);
            _budgets = Core.Budgets.BudgetBook.Read(ref reader, _limits.MaxBudgetCounters);
            _policy = Core.Policies.Policy.Read(ref reader);
            _producers = Producers.Read(ref reader);
            _reversals = Reversals.Read(ref reader);
            _rollups = format == FormatWithoutUsage
                ? Rollups.UsageRollups.From(_lastAt)
                : Rollups.UsageRollups.Read(ref reader, _counters.NameOf);
        }

        return reader.AtEnd ? this : throw ByteReader.Damaged();
    }
}
