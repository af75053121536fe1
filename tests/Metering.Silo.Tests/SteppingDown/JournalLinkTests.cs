using Metering.Grains.Journal;
using Metering.Silo.SteppingDown;
using Metering.Silo.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Silo.Tests.SteppingDown;

public sealed class JournalLinkTests : IDisposable
{
    private static readonly TimeSpan Tick = JournalLink.Interval;

    private readonly FakeTimeProvider _time = new();
    private readonly Store _store = new();
    private readonly JournalLink _link;

    public JournalLinkTests() => _link = new JournalLink(_store, _time);

    public void Dispose() => _link.Dispose();

    [Fact]
    public async Task A_store_that_answers_is_not_silent_and_is_well_for_as_long()
    {
        await AskAsync(ticks: 20, answers: true);

        Assert.Equal(TimeSpan.Zero, _link.Silence);
        Assert.Equal(20 * Tick, _link.WellFor);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_silent_since_it_was_last_heard_and_not_well()
    {
        await AskAsync(ticks: 4, answers: true);
        await AskAsync(ticks: 8, answers: false);

        Assert.Equal(8 * Tick, _link.Silence);
        Assert.Equal(TimeSpan.Zero, _link.WellFor);
    }

    [Fact]
    public async Task A_question_that_fails_is_no_answer()
    {
        await AskAsync(ticks: 4, answers: true);
        for (var tick = 0; tick < 8; tick++)
        {
            _time.Advance(Tick);
            var asked = _link.AskAsync();
            _store.Fail();
            await asked;
        }

        Assert.Equal(8 * Tick, _link.Silence);
    }

    [Fact]
    public async Task A_late_answer_ends_the_silence()
    {
        await AskAsync(ticks: 4, answers: true);
        await AskAsync(ticks: 8, answers: false);

        await _store.AnswerAsync();

        Assert.Equal(TimeSpan.Zero, _link.Silence);
    }

    [Fact]
    public async Task While_the_process_stands_still_no_silence_grows()
    {
        await AskAsync(ticks: 4, answers: true);
        await AskAsync(ticks: 6, answers: false);

        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.Zero, _link.Silence);

        _ = _link.AskAsync();
        Assert.Equal(TimeSpan.Zero, _link.Silence);
        await AskAsync(ticks: 3, answers: false);
        Assert.Equal(3 * Tick, _link.Silence);
    }

    [Fact]
    public async Task After_a_break_the_store_is_well_only_since_it_answers_again()
    {
        await AskAsync(ticks: 40, answers: true);
        await AskAsync(ticks: 3, answers: false);
        await AskAsync(ticks: 5, answers: true);

        Assert.Equal(4 * Tick, _link.WellFor);
    }

    [Fact]
    public async Task One_answer_that_is_missing_in_between_is_no_break_and_one_failure_is()
    {
        await AskAsync(ticks: 4, answers: true);
        await AskAsync(ticks: 1, answers: false);
        await AskAsync(ticks: 1, answers: true);
        Assert.Equal(6 * Tick, _link.WellFor);

        _time.Advance(Tick);
        var asked = _link.AskAsync();
        _store.Fail();
        await asked;
        Assert.Equal(TimeSpan.Zero, _link.WellFor);
        await AskAsync(ticks: 2, answers: true);
        Assert.Equal(Tick, _link.WellFor);
    }

    [Fact]
    public async Task Questions_that_nobody_answers_are_few()
    {
        await AskAsync(ticks: 100, answers: false);

        Assert.InRange(_store.Asked, 2, 10);
    }

    private async Task AskAsync(int ticks, bool answers)
    {
        for (var tick = 0; tick < ticks; tick++)
        {
            _time.Advance(Tick);
            _ = _link.AskAsync();
            if (answers)
            {
                await _store.AnswerAsync();
            }
        }
    }

    private sealed class Store : IAnsweringStore
    {
        private readonly List<TaskCompletionSource> _waiting = [];

        public int Asked { get; private set; }

        public Task AskAsync(CancellationToken cancellationToken)
        {
            Asked++;
            _waiting.Add(new TaskCompletionSource());
            return _waiting[^1].Task;
        }

        // Continuations run within: when it returns, the answers have been heard.
        public Task AnswerAsync()
        {
            _waiting.ForEach(static waiting => waiting.SetResult());
            _waiting.Clear();
            return Task.CompletedTask;
        }

        public void Fail()
        {
            _waiting.ForEach(static waiting => waiting.SetException(new JournalStoreException("Nothing was heard.")));
            _waiting.Clear();
        }
    }
}
