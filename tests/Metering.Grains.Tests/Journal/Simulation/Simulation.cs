using Metering.Contracts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>
/// One history: silos that come, pause and crash, that gain and lose partitions on purpose and by error, several of them believing to own the same one, on stores that
/// fail, lose answers, act late and, in some histories, forget their latest records.
/// </summary>
/// <remarks>
/// It keeps what was acknowledged. Every answer is checked against all that had been answered before it was asked for; the end proves that all of it is there, once and
/// in place. A store that forgets is forgiven only what nobody could have put back: records whose numbers others took first.
/// </remarks>
internal sealed class Simulation
{
    private const int Silos = 3;
    private const int Steps = 6_000;

    private static readonly string[] Accounts = ["acme", "globex", "initech", "umbrella", "hooli"];

    private static readonly JournalOptions Options = new()
    {
        Partitions = 2,
        MaxRecordBytes = 4096,
        MaxPendingBytes = 4096,
        MaxTailBytes = 16 << 10,
        CheckpointInterval = TimeSpan.FromSeconds(2),
        ArchiveInterval = TimeSpan.FromSeconds(1),
        MaxArchiveBatchBytes = 4096,
        MaxArchiveBacklogBytes = 64 << 10,
        RetainedFor = SimulatedLog.SyncedAfter,
        Durability = Durability.Journal,
    };

    private readonly Random _random;
    private readonly bool _mayLoseTail;
    private readonly SimulatedDisk _disk = new();
    private readonly SimulatedNetwork _network;
    private readonly SimulatedSilo[] _silos;
    private readonly List<(SimulatedSilo Silo, int Partition, bool IsMine)> _news = [];
    private readonly List<(string Account, long Charge)> _unanswered = [];
    private readonly Dictionary<(string Account, long Charge), long> _acknowledged = [];
    private readonly Dictionary<string, long> _answered = Accounts.ToDictionary(account => account, _ => 0L);
    private readonly Dictionary<SimulatedLog, (SimulatedSilo Owner, int Releases)> _rescuers = [];
    private readonly List<Exception> _faults = [];
    private long _lastCharge;

    internal Simulation(int seed)
    {
        _random = new Random(seed);
        _mayLoseTail = seed % 3 == 0;
        _network = new SimulatedNetwork(_random);
        _silos = [.. Enumerable.Range(0, Silos).Select(_ => NewSilo())];
        for (var partition = 0; partition < Options.Partitions; partition++)
        {
            Move(partition, _silos[_random.Next(Silos)]);
        }
    }

    internal int Acknowledged => _acknowledged.Count;

    internal int Reads { get; private set; }

    internal long Records => _disk.Logs.Values.Sum(log => log.Extent.Last);

    internal long Trimmed => _disk.Logs.Values.Sum(log => Math.Max(0, log.Extent.First - 1));

    internal int Lost => _disk.Logs.Values.Sum(log => log.LostRecords);

    internal int Restored => _disk.Logs.Values.Sum(log => log.RestoredRecords);

    internal int Archived => _disk.Archives.Values.Sum(archived => archived.Charges.Count);

    internal int Repeated => _disk.Archives.Values.Sum(archived => archived.Repeated);

    internal int Rewritten => _disk.Logs.Values.Count(log => log.IsRewritten);

    /// <summary>Lives one history.</summary>
    /// <exception cref="LawBrokenException">It broke a law.</exception>
    internal void Run()
    {
        // The simulation is the only thread there is; a context of the test runner would take work away from it.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            for (var step = 0; step < Steps && _faults.Count == 0; step++)
            {
                Step();
            }

            Calm();
            Prove();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void Step()
    {
        var silo = _silos[_random.Next(Silos)];
        var partition = _random.Next(Options.Partitions);
        switch (_random.Next(10_000))
        {
            case < 6_000:
                _ = (!silo.IsPaused && silo.Scheduler.Step()) || _network.Step();
                break;
            case < 8_800:
                _network.Step();
                break;
            case < 9_200:
                Charge();
                break;
            case < 9_550:
                Read();
                break;
            case < 9_800:
                Advance(silo, TimeSpan.FromMilliseconds(_random.Next(10, 1500)));
                break;
            case < 9_804:
                Advance(silo, TimeSpan.FromSeconds(11));
                break;
            case < 9_812:
                silo.IsPaused = true;
                break;
            case < 9_840:
                silo.IsPaused = false;
                break;
            case < 9_852:
                Move(partition, silo);
                break;
            case < 9_920:
                HearNews();
                break;
            case < 9_932:
                // A silo that is wrong about what it owns, for as long as no news comes.
                var isMine = _random.Next(3) > 0;
                Start(silo, () => silo.Believe(partition, isMine));
                break;
            case < 9_938:
                Crash(Array.IndexOf(_silos, silo));
                break;
            case < 9_939:
                Array.ForEach([0, 1, 2], Crash);
                break;
            case < 9_975:
                var (account, takesSnapshot) = (Accounts[_random.Next(Accounts.Length)], _random.Next(2) == 0);
                Start(silo, () => silo.DeactivateAsync(account, takesSnapshot));
                break;
            case < 9_984:
                Start(silo, () => silo.ReleaseAsync(partition));
                break;
            default:
                LoseTail(partition);
                break;
        }
    }

    /// <summary>The members agree on a new owner. Each silo hears of it when it does.</summary>
    private void Move(int partition, SimulatedSilo owner)
    {
        _news.RemoveAll(news => news.Partition == partition);
        _news.AddRange(_silos.Select(silo => (silo, partition, silo == owner)));
    }

    private void HearNews()
    {
        if (_news.Count > 0)
        {
            var news = _news[_random.Next(_news.Count)];
            _news.Remove(news);
            Start(news.Silo, () => news.Silo.Believe(news.Partition, news.IsMine));
        }
    }

    private void Crash(int index)
    {
        _silos[index] = NewSilo();
        if (_random.Next(2) == 0)
        {
            Move(_random.Next(Options.Partitions), _silos[_random.Next(Silos)]);
        }
    }

    private void Advance(SimulatedSilo silo, TimeSpan time)
    {
        _disk.Now += time;
        silo.Time.Advance(time);
    }

    private void LoseTail(int partition)
    {
        var log = _disk.Log($"partition-{partition}");
        if (_mayLoseTail && log.Missing == 0 && log.LastWriter is { } owner)
        {
            _rescuers.Remove(log);
            if (owner.Keeps(partition))
            {
                _rescuers[log] = (owner, owner.Releases);
            }

            log.LoseTail(_random, _disk.Now);
        }
    }

    /// <summary>Mostly a silo that takes itself for the owner, one time of so many any: nothing but the store decides who is.</summary>
    private SimulatedSilo SiloFor(string account, int anyOf)
    {
        var partition = AccountPartition.Of(account, Options.Partitions);
        var believers = Array.FindAll(_silos, silo => silo.IsMine(partition));
        return believers.Length > 0 && _random.Next(anyOf) > 0 ? believers[_random.Next(believers.Length)] : _silos[_random.Next(Silos)];
    }

    private void Charge()
    {
        if (_unanswered.Count == 0 || _random.Next(4) > 0)
        {
            _unanswered.Add((Accounts[_random.Next(Accounts.Length)], ++_lastCharge));
        }

        var charge = _unanswered[_random.Next(_unanswered.Count)];
        var silo = SiloFor(charge.Account, anyOf: 10);
        var known = _answered[charge.Account];
        Start(silo, async () =>
        {
            var (sequence, isNew) = await (await silo.ActivationAsync(charge.Account)).ChargeAsync(charge.Charge);
            if (IsForgiven(charge.Account))
            {
                return;
            }

            Check(!_acknowledged.TryGetValue(charge, out var before) || before == sequence, $"{charge} was answered with sequences {before} and {sequence}");
            Check(!isNew || sequence > known, $"{charge} got sequence {sequence}, though {known} had been answered before it was asked for");
            _acknowledged[charge] = sequence;
            _unanswered.Remove(charge);
            _answered[charge.Account] = Math.Max(_answered[charge.Account], sequence);
        });
    }

    private void Read()
    {
        var account = Accounts[_random.Next(Accounts.Length)];
        var silo = SiloFor(account, anyOf: 2);
        var known = _answered[account];
        Start(silo, async () =>
        {
            var count = await (await silo.ActivationAsync(account)).ReadAsync();
            Check(IsForgiven(account) || count >= known, $"a read of {account} saw {count} charges, though {known} had been answered before it was asked for");
            _answered[account] = Math.Max(_answered[account], count);
            Reads++;
        });
    }

    private void Start(SimulatedSilo silo, Func<Task> work) => silo.Scheduler.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (Exception ordinary) when (ordinary is JournalUnavailableException or JournalLostException or JournalStoreException or SnapshotConflictException)
        {
            // The caller hears "unavailable" and may come again.
        }
        catch (AccountQuarantinedException damage) when (_disk.Log(damage.Log).LostRecords > 0)
        {
            // Whoever finds records missing, and has not got them, must say so. That those who have them put them back is asked at the end.
        }
        catch (LawBrokenException broken) when (broken.Account is { } account && IsForgiven(account))
        {
            // Entries that others took the place of are missing, and the account is closed for it: nobody serves a guess.
        }
        catch (Exception fault)
        {
            // A quarantine is one too: no byte was ever damaged here.
            _faults.Add(fault);
        }
    });

    /// <summary>The faults end. Whoever has what a store lost, and did not let go of it, must put it back.</summary>
    private void Calm()
    {
        _network.IsFaulty = false;
        Array.ForEach(_silos, silo => silo.IsPaused = false);
        foreach (var (log, (owner, releases)) in _rescuers)
        {
            // A release that was on its way while its silo was paused may still come.
            bool IsOwed() => log.Missing > 0 && !log.IsRewritten && !log.IsLossTooDeep && _silos.Contains(owner) && owner.Releases == releases && _faults.Count == 0;
            if (!IsOwed())
            {
                continue;
            }

            var partition = Enumerable.Range(0, Options.Partitions).Single(number => _disk.Log($"partition-{number}") == log);
            Array.ForEach(_silos, silo => Start(silo, () => silo.Believe(partition, silo == owner)));
            for (var step = 0; step < 60_000 && IsOwed(); step++)
            {
                if (step % 2_000 == 0)
                {
                    Array.ForEach(_silos, silo => Advance(silo, TimeSpan.FromSeconds(2)));
                    Array.ForEach(Accounts, account => Start(owner, () => owner.ActivationAsync(account)));
                }

                _ = _silos.Any(silo => silo.Scheduler.Step()) || _network.Step();
            }

            Check(!IsOwed(), $"the store lost records of {partition} which their owner had, and it did not put them back");
        }
    }

    private void Prove()
    {
        var silo = NewSilo();
        for (var partition = 0; partition < Options.Partitions; partition++)
        {
            _ = silo.Believe(partition, isMine: true);
        }

        var forgiven = Accounts.Where(account => IsForgiven(account) || LogOf(account).IsLossTooDeep || LogOf(account).Missing > 0).ToHashSet();
        var charges = new Dictionary<string, IReadOnlyList<long>>();
        for (var step = 0; step < 200_000 && !Accounts.All(account => charges.ContainsKey(account) || forgiven.Contains(account)) && _faults.Count == 0; step++)
        {
            if (step % 2_000 == 0)
            {
                Advance(silo, TimeSpan.FromSeconds(2));
                Array.ForEach(Accounts, account => Start(silo, async () => charges[account] = (await silo.ActivationAsync(account)).Charges));
            }

            _ = silo.Scheduler.Step() || _network.Step();
        }

        if (_faults.Count > 0)
        {
            throw _faults[0];
        }

        foreach (var account in Accounts.Except(forgiven))
        {
            Check(charges.TryGetValue(account, out var recovered), $"{account} could not be recovered after the faults had ended");
            Check(recovered!.Distinct().Count() == recovered!.Count, $"{account} has a charge twice");
            Check(recovered.Count >= _answered[account], $"{account} has {recovered.Count} charges, though {_answered[account]} were answered");
        }

        var kept = Accounts.Except(forgiven).ToArray();
        for (var step = 0; step < 200_000 && !kept.All(IsArchived); step++)
        {
            if (step % 2_000 == 0)
            {
                Advance(silo, TimeSpan.FromSeconds(2));
            }

            _ = silo.Scheduler.Step() || _network.Step();
        }

        foreach (var account in kept)
        {
            Check(IsArchived(account), $"not all of the {charges[account].Count} entries of {account} came to the archive after the faults had ended");
        }

        bool IsArchived(string account)
        {
            var archived = _disk.Archived(LogNameOf(account)).Charges;
            return charges[account].Select((charge, index) => archived.TryGetValue((account, index + 1), out var found) && found == charge).All(static isThere => isThere)
                && !archived.ContainsKey((account, charges[account].Count + 1));
        }

        foreach (var (charge, sequence) in _acknowledged.Where(charge => !forgiven.Contains(charge.Key.Account)))
        {
            var recovered = charges[charge.Account];
            Check(sequence <= recovered.Count && recovered[(int)sequence - 1] == charge.Charge, $"{charge} was acknowledged as {sequence} and is not there");
        }
    }

    private SimulatedLog LogOf(string account) => _disk.Log(LogNameOf(account));

    private static string LogNameOf(string account) => $"partition-{AccountPartition.Of(account, Options.Partitions)}";

    private bool IsForgiven(string account) => LogOf(account).IsRewritten;

    private static void Check(bool holds, string fault)
    {
        if (!holds)
        {
            throw new LawBrokenException(fault);
        }
    }

    private SimulatedSilo NewSilo() => new(_disk, _network, _random, Options, _mayLoseTail);
}
