using CsCheck;
using Metering.Grains.Journal;

namespace Metering.Storage.Tests;

public abstract partial class JournalStoreSuite
{
    private enum Step
    {
        Append = 0,
        Trim = 1,
        Read = 2,
        Reopen = 3,
    }

    /// <summary>How many random histories are tried; a store over a network tries fewer.</summary>
    protected virtual int RandomHistories => 60;

    [Fact]
    public async Task Random_histories_leave_what_a_list_in_memory_would_hold()
    {
        // The number is relative to the last one: 1 is the next, less is taken, more is beyond the end.
        var append = Gen.Select(Gen.Frequency((6, Gen.Const(1)), (1, Gen.Int[-3, 4])), Gen.Int[1, 6_000], (number, size) => (Step.Append, number, size));
        var trim = Gen.Int[-4, 2].Select(number => (Step.Trim, number, 0));
        var read = Gen.Int[-6, 1].Select(number => (Step.Read, number, 0));
        var step = Gen.Frequency((12, append), (3, trim), (3, read), (1, Gen.Const((Step.Reopen, 0, 0))));

        // On failure the message has the seed; the environment variable CsCheck_Seed repeats it.
        await step.List[1, 40].SampleAsync(FollowAsync, iter: RandomHistories, threads: 1);
    }

    private async Task FollowAsync(List<(Step Step, int Number, int Size)> history)
    {
        var log = await NewOpenLogAsync();
        var model = new List<(long Number, byte[] Bytes)>();
        foreach (var (step, relative, size) in history)
        {
            var last = model.Count == 0 ? 0 : model[^1].Number;
            var number = Math.Max(0, last + relative);
            switch (step)
            {
                case Step.Append:
                    var bytes = new byte[size];
                    Array.Fill(bytes, (byte)((last + size) % 251));
                    var isNext = number == last + 1;
                    var outcome = isNext ? AppendOutcome.Appended : number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
                    Assert.Equal(outcome, await Store.AppendAsync(log, number, bytes, Cancel));
                    if (isNext)
                    {
                        model.Add((number, bytes));
                    }

                    break;
                case Step.Trim:
                    await Store.TrimAsync(log, number, Cancel);
                    model.RemoveAll(record => record.Number <= number && record.Number != last);
                    break;
                case Step.Read:
                    AssertSame(model.Where(record => record.Number > number), await ReadAsync(log, number));
                    break;
                case Step.Reopen:
                    await ReopenAsync();
                    break;
                default:
                    throw new InvalidOperationException($"{step} is not a step.");
            }

            var extent = model.Count == 0 ? new JournalExtent(0, 0) : new JournalExtent(model[0].Number, model[^1].Number);
            Assert.Equal(extent, await Store.OpenAsync(log, Cancel));
        }

        AssertSame(model, await ReadAsync(log));
    }

    private static void AssertSame(IEnumerable<(long Number, byte[] Bytes)> expected, IEnumerable<JournalRecord> read) =>
        Assert.Equal(expected, read.Select(record => (record.Number, record.Bytes.ToArray())));
}
