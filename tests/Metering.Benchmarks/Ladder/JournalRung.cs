using Metering.Grains.Journal;

namespace Metering.Benchmarks.Ladder;

/// <summary>The core's entries handed to the journal of a running server; one thread is so many entries ahead of the disk, and no more.</summary>
internal sealed class JournalRung : IAsyncDisposable
{
    // As many charges as a stream has under way, shared by the threads.
    private const int MaxAhead = 4_000;

    private readonly CoreRung _core;
    private readonly AccountJournal[] _journals;
    private readonly Queue<Task> _ahead = new();
    private Task _last = Task.CompletedTask;
    private int _sinceLast;

    private JournalRung(CoreRung core, AccountJournal[] journals)
    {
        _core = core;
        _journals = journals;
    }

    public static async Task<JournalRung> OpenAsync(Journal journal, CoreRung core, int accounts, int thread, CancellationToken cancellationToken)
    {
        var journals = new AccountJournal[accounts];
        for (var place = 0; place < accounts; place++)
        {
            journals[place] = await journal.OpenAsync($"ladder-{thread}-{place}", cancellationToken);
        }

        return new JournalRung(core, journals);
    }

    /// <summary>Takes a step at once, unless it is too far ahead of the disk.</summary>
    public ValueTask AppendAsync()
    {
        var entry = _core.Apply(out var place);
        _last = _journals[place].Append(_core.SequenceOf(place), entry.Encoded);
        if (++_sinceLast == MaxAhead / 4)
        {
            _sinceLast = 0;
            _ahead.Enqueue(_last);
            if (_ahead.Count == 4)
            {
                return new ValueTask(_ahead.Dequeue());
            }
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _last;
        foreach (var journal in _journals)
        {
            journal.Dispose();
        }
    }
}
