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
    public void Write(ByteWriter writer)
    {
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
    public static Account Read(string id, ReadOnlySpan<byte> bytes, IReadOnlyList<ReadOnlyMemory<byte>> idBlocks, AccountLimits limits)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        if (format is not (Format or FormatWithoutUsage) || reader.Text() != id)
        {
            throw ByteReader.Damaged();
        }

        var account = new Account(id, limits) { Sequence = reader.Number(), _lastAt = reader.Instant() };
        account._lastReversal = account.Sequence;
        if (reader.Flag())
        {
            account.CreatedAt = reader.Instant();
            account._settings = AccountSettings.Read(ref reader);
            account.Overage = reader.Credits();
            account._grants = Core.Grants.GrantBook.Read(ref reader);
            account._counters = UsageCounters.Read(ref reader);
            account._remembered = RememberedIds.Read(ref reader, idBlocks);
            account.IsClosed = reader.Flag();
            account._holds = Core.Holds.HoldBook.Read(ref reader);
            account._budgets = Core.Budgets.BudgetBook.Read(ref reader, limits.MaxBudgetCounters);
            account._policy = Core.Policies.Policy.Read(ref reader);
            account._producers = Producers.Read(ref reader);
            account._reversals = Reversals.Read(ref reader);
            account._rollups = format == FormatWithoutUsage
                ? Rollups.UsageRollups.From(account._lastAt)
                : Rollups.UsageRollups.Read(ref reader, account._counters.NameOf);
        }

        return reader.AtEnd ? account : throw ByteReader.Damaged();
    }
}
