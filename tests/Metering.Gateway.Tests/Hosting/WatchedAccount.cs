using Metering.Contracts;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>A watched account whose changes a test makes; it keeps them and waits for them as the grain does.</summary>
internal sealed class WatchedAccount
{
    private readonly Lock _lock = new();
    private readonly List<AccountChange> _changes = [];
    private readonly long _since;
    private readonly TaskCompletionSource _polled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _next = new();
    private TaskCompletionSource _refused = new();
    private Refusal? _refusal;
    private int _longPolls;

    private WatchedAccount(long since) => _since = since;

    /// <summary>The most long polls that waited at the same time.</summary>
    public int MostLongPolls { get; private set; }

    /// <summary>Done when a long poll waits for the first time.</summary>
    public Task IsPolled => _polled.Task.WaitAsync(TestContext.Current.CancellationToken);

    private long Sequence => _since + _changes.Count;

    /// <summary>An account at a sequence, that keeps no changes from before it.</summary>
    public static WatchedAccount Of(GatewayHost gateway, string account, long sequence)
    {
        var watched = new WatchedAccount(sequence);
        gateway.Grains.Account(account).OnWatch = watched.Watch;
        gateway.Grains.Account(account).OnGet = () =>
            Task.FromResult<Answer<AccountView>>(Samples.Account(account) with { Sequence = watched.Sequence });
        return watched;
    }

    public void Add(ChangeKind kind, string? subject, decimal credits) => Change(() => _changes.Add(new AccountChange
    {
        Sequence = Sequence + 1,
        At = Samples.At,
        Kind = kind,
        Subject = subject,
        Credits = credits,
        Balance = 99.928m,
        Available = 101.928m,
    }));

    /// <summary>Adds charges in one go: they come in one page.</summary>
    public void AddCharges(int count) => Change(() =>
    {
        for (var i = 0; i < count; i++)
        {
            _changes.Add(new AccountChange
            {
                Sequence = Sequence + 1,
                At = Samples.At,
                Kind = ChangeKind.Charged,
                Credits = -1m,
                Balance = 0m,
                Available = 0m,
            });
        }
    });

    /// <summary>Loses the last changes, as a crash may with periodic durability.</summary>
    public void Lose(int count) => Change(() => _changes.RemoveRange(_changes.Count - count, count));

    /// <summary>Refuses from now on; done when somebody has heard it.</summary>
    public Task Refuse(Refusal refusal)
    {
        _refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Change(() => _refusal = refusal);
        return _refused.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    public void Serve() => Change(() => _refusal = null);

    private async Task<Answer<WatchPage>> Watch(long after, TimeSpan patience)
    {
        Task next;
        lock (_lock)
        {
            if (_refusal is not null || after != Sequence || patience == TimeSpan.Zero)
            {
                return Page(after);
            }

            next = _next.Task;
            MostLongPolls = Math.Max(MostLongPolls, ++_longPolls);
            _polled.TrySetResult();
        }

        try
        {
            await next.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // Patience is at an end.
        }

        lock (_lock)
        {
            _longPolls--;
            return Page(after);
        }
    }

    private Answer<WatchPage> Page(long after)
    {
        if (_refusal is not null)
        {
            _refused.TrySetResult();
            return _refusal;
        }

        var changes = _changes.Where(change => change.Sequence > after).ToArray();
        return new WatchPage
        {
            Changes = changes,
            Skipped = after < _since,
            Through = changes.Length > 0 ? changes[^1].Sequence : Math.Max(after, _since),
        };
    }

    private void Change(Action change)
    {
        TaskCompletionSource before;
        lock (_lock)
        {
            change();
            before = _next;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.TrySetResult();
    }
}
