using Metering.Ledger.Segments;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Segments that are no longer of the journal, on their way to be spares: in order, because what is there after the machine's end must have no gap, and none while somebody reads in it or copies the journal.
/// Files are moved on another thread, so that nobody waits for it.
/// </summary>
/// <param name="folder">The journal's.</param>
/// <param name="spares">Where they go.</param>
/// <param name="gate">The journal's lock.</param>
internal sealed class LeavingSegments(string folder, SpareSegments spares, Lock gate) : IDisposable
{
    // Around every look at who holds the journal: each takes it for a moment itself.
    private readonly Lock _holding = new();
    private readonly Queue<JournalSegment> _segments = new();
    private Task _moving = Task.CompletedTask;
    private bool _isDisposed;

    // What the first of them is called by now, as long as that is not on disk.
    private string? _renamed;

    /// <summary>Whether somebody copies the journal. For any thread.</summary>
    public bool AreHeld
    {
        get
        {
            lock (_holding)
            {
                using var hold = JournalHold.TryTake(folder);
                return hold is null;
            }
        }
    }

    /// <summary>Under the journal's lock.</summary>
    public void Add(JournalSegment segment) => _segments.Enqueue(segment);

    /// <summary>Moves those that nobody reads in any more. Under the journal's lock.</summary>
    public void GoOn()
    {
        if (_segments.Count == 0 || !_moving.IsCompleted || _isDisposed)
        {
            return;
        }

        var unread = _segments.TakeWhile(static segment => segment.Readers == 0).ToList();
        if (unread.Count > 0)
        {
            _moving = Task.Run(() => Move(unread));
        }
    }

    /// <summary>Waits for what is being moved: a few renames and syncs, on the journal's own thread when it ends. Not under the journal's lock.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            _isDisposed = true;
        }

        _moving.Wait();
        foreach (var segment in _segments)
        {
            segment.Dispose();
        }
    }

    /// <summary>Nothing is thrown: nobody but <see cref="Dispose"/> would hear of it, on a thread whose end would be the process's.</summary>
    private void Move(List<JournalSegment> unread)
    {
        foreach (var segment in unread)
        {
            // Otherwise it stays, and those behind it, until something is written again.
            if (TryMove(segment) is not { } spare)
            {
                return;
            }

            lock (gate)
            {
                _segments.Dequeue();
            }

            segment.Dispose();
            spares.Add(spare, segment.Size);
        }
    }

    /// <returns>What it is called now; null when it is still what it was.</returns>
    private string? TryMove(JournalSegment segment)
    {
        lock (_holding)
        {
            try
            {
                using var hold = JournalHold.TryTake(folder);
                if (hold is null)
                {
                    return null;
                }

                if (_renamed is null)
                {
                    var spare = spares.NewPath();
                    File.Move(segment.Path, spare);
                    _renamed = spare;
                }

                // Before it is used again: otherwise its old name might come back with what was written since.
                FolderSync.Sync(folder);
                var moved = _renamed;
                _renamed = null;
                return moved;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
