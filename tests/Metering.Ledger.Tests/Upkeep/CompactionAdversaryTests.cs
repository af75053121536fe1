using CsCheck;
using Metering.Core;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>Compaction where others compact too, where segments go and come back, are damaged and mended, or are named after what they do not hold: no row may ever be lost.</summary>
public sealed class CompactionAdversaryTests : IDisposable
{
    private CrowdedHour _hour = new();

    [Fact]
    public async Task Whenever_another_process_compacts_the_same_hour_in_between_each_entry_stays_there_once()
    {
        var isOver = false;
        for (var step = 0; !isOver; step++)
        {
            await AnewAsync([(1, 2), (3, 7), (8, 8), (9, 12)]);
            var left = step;
            isOver = true;
            await _hour.TidyAsync(async () =>
            {
                if (left-- == 0)
                {
                    isOver = false;
                    await _hour.TidyAsync();
                }
            });
            await _hour.RequireAllAsync($"another process compacted before step {step}");
            Assert.Equal([_hour.Name(1, 12, merged: 1)], await _hour.SegmentsAsync());
        }
    }

    [Fact]
    public async Task Whenever_a_segment_is_gone_for_a_while_its_entries_are_there_when_it_comes_back()
    {
        var isOver = false;
        for (var step = 0; !isOver; step++)
        {
            await AnewAsync([(1, 2), (3, 7), (8, 8), (9, 12)]);
            var gone = _hour.Name(3, 7).Path;
            var left = step;
            isOver = true;
            await _hour.TidyAsync(() =>
            {
                if (left-- == 0)
                {
                    isOver = false;
                    _hour.TakeAway(gone);
                }

                return Task.CompletedTask;
            });
            _hour.Restore();
            await _hour.RequireAllAsync($"{gone} was gone from step {step} on");
            await _hour.TidyAsync();
            await _hour.RequireAllAsync($"{gone} was gone from step {step} on, and the rounds after it");
        }
    }

    [Fact]
    public async Task Around_a_damaged_segment_the_others_are_merged_and_once_it_is_mended_all_is_there()
    {
        await AnewAsync([(1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12)]);
        var damaged = _hour.Name(5, 6);
        _hour.Damage(damaged.Path);
        Assert.Contains(damaged.Path, Assert.Single(await _hour.TidyAsync()), StringComparison.Ordinal);
        Assert.Equal([_hour.Name(1, 4, merged: 1), damaged, _hour.Name(7, 12, merged: 1)], await _hour.SegmentsAsync());
        _hour.Restore();
        await _hour.TidyAsync();
        await _hour.RequireAllAsync("the damage was mended");
    }

    [Fact]
    public async Task Segments_that_come_back_around_a_merged_one_are_not_merged_across_it()
    {
        await AnewAsync([(1, 1), (2, 5), (11, 12)]);
        await _hour.PutAsync(_hour.Name(6, 10, merged: 1));
        Assert.Empty(await _hour.TidyAsync());
        Assert.Equal([_hour.Name(1, 5, merged: 1), _hour.Name(6, 10, merged: 1), _hour.Name(11, 12)], await _hour.SegmentsAsync());
        await _hour.RequireAllAsync("merging on both sides of a merged segment");
    }

    [Fact]
    public async Task A_segment_stays_where_the_one_named_after_its_records_does_not_have_its_rows()
    {
        await AnewAsync([(6, 8), (9, 10)]);
        var hollow = _hour.Name(1, 12, merged: 1);
        await _hour.PutAsync(hollow, _hour.Rows.Where(static row => row.Sequence is < 6 or > 9));
        var faults = await _hour.TidyAsync();
        Assert.Equal(2, faults.Count);
        Assert.All(faults, fault => Assert.Contains(hollow.Path, fault, StringComparison.Ordinal));
        Assert.Equal([hollow, _hour.Name(6, 8), _hour.Name(9, 10)], await _hour.SegmentsAsync());
        await _hour.RequireAllAsync("a round beside a segment that claims more than it has");
    }

    [Fact]
    public async Task A_segment_stays_where_the_one_that_has_its_rows_says_something_else_of_one_of_them()
    {
        await AnewAsync([(1, 12)]);
        await _hour.PutAsync(_hour.Name(1, 12, merged: 1), _hour.Rows.Select(static row => row.Sequence == 7 ? row with { Quantity = Quantity.Max } : row));
        Assert.Single(await _hour.TidyAsync());
        Assert.Equal(2, (await _hour.SegmentsAsync()).Count);
    }

    [Fact]
    public async Task Segments_that_say_different_things_of_an_entry_stay_apart_and_its_charge_counts_once()
    {
        await AnewAsync([(1, 8), (9, 12)]);
        await _hour.PutAsync(_hour.Name(7, 12), _hour.Rows.Where(static row => row.Sequence >= 7).Select(static row => row.Sequence == 7 ? row with { Price = "another" } : row));
        Assert.Single(await _hour.TidyAsync());
        Assert.Equal(3, (await _hour.SegmentsAsync()).Count);
        await _hour.RequireAllAsync("a round over segments that contradict each other");
    }

    [Fact]
    public async Task A_merged_segment_that_is_there_is_not_written_over()
    {
        // Put there between the listing and the merge, by somebody who had less.
        await AnewAsync([(1, 6), (7, 12)]);
        var hollow = _hour.Name(1, 12, merged: 1);
        var steps = 0;
        await _hour.TidyAsync(() => ++steps == 2 ? _hour.PutAsync(hollow, _hour.Rows.Take(3)) : Task.CompletedTask);
        await _hour.RequireAllAsync("somebody else had put a segment of that name");
        Assert.Equal([_hour.Name(1, 6), hollow, _hour.Name(7, 12)], await _hour.SegmentsAsync());
    }

    [Fact]
    public async Task Whatever_segments_there_are_and_whatever_happens_to_them_in_the_midst_of_a_round_no_entry_is_lost() => await Gen.Select(
        Layout, Gen.Select(Gen.Int[0, 25], Gen.Int[0, 3], Gen.Int[0, 30]).Array[1, 4]).SampleAsync(
        async (layout, events) =>
        {
            await AnewAsync([]);
            foreach (var (first, last, merged, isHollow) in layout)
            {
                var name = _hour.Name(first, last, merged);
                await _hour.PutAsync(name, isHollow ? _hour.Rows.Where(row => row.Sequence == first) : null);
            }

            var step = 0;
            await _hour.TidyAsync(async () =>
            {
                step++;
                foreach (var (_, kind, which) in events.Where(each => each.Item1 == step))
                {
                    await HappenAsync(kind, which);
                }
            });
            _hour.Restore();
            await _hour.RequireAllAsync("all that was gone came back");
            await _hour.TidyAsync();
            await _hour.RequireAllAsync("the rounds after that");
        },
        iter: 12,
        threads: 1);

    public void Dispose() => _hour.Dispose();

    /// <summary>Each record in at least one segment; then any others beside them: written again by another owner, merged before, or named after more than they have.</summary>
    private static Gen<(long First, long Last, int Merged, bool IsHollow)[]> Layout { get; } = Gen.Select(
        Gen.Int[1, 5].Array[CrowdedHour.Records],
        Gen.Select(Gen.Int[1, CrowdedHour.Records], Gen.Int[0, CrowdedHour.Records], Gen.Int[0, 2], Gen.Bool).Array[0, 4],
        static (lengths, beside) =>
        {
            var segments = new Dictionary<(long, long, int), (long First, long Last, int Merged, bool IsHollow)>();
            for (var (first, i) = (1L, 0); first <= CrowdedHour.Records; i++)
            {
                var last = Math.Min(first + lengths[i] - 1, CrowdedHour.Records);
                segments[(first, last, 0)] = (first, last, 0, false);
                first = last + 1;
            }

            foreach (var (first, length, merged, isHollow) in beside)
            {
                var last = Math.Min(first + length, CrowdedHour.Records);
                segments.TryAdd((first, last, merged), (first, last, merged, merged > 0 && isHollow));
            }

            return segments.Values.ToArray();
        });

    private async Task AnewAsync(IReadOnlyList<(long First, long Last)> segments)
    {
        _hour.Dispose();
        _hour = new CrowdedHour();
        foreach (var (first, last) in segments)
        {
            await _hour.PutAsync(_hour.Name(first, last));
        }
    }

    private async Task HappenAsync(int kind, int which)
    {
        var segments = await _hour.SegmentsAsync();
        switch (kind)
        {
            case 0:
                await _hour.RoundAsync();
                break;
            case 1:
                await _hour.TidyAsync();
                break;
            case 2 when segments.Count > 0:
                _hour.TakeAway(segments[which % segments.Count].Path);
                break;
            case 3 when segments.Count > 0:
                _hour.Damage(segments[which % segments.Count].Path);
                break;
            default:
                _hour.Restore();
                break;
        }
    }
}
