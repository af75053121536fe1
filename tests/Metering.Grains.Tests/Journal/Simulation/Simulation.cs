using Metering.Contracts;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>
/// One history: silos that come, pause and crash, several of them believing to own the same partition, on stores that fail, lose
/// answers and act late. It keeps what was acknowledged; the end proves that all of it is there, once and in place.
/// </summary>
internal sealed class Simulation
{
    private const int Silos = 3;
    private const int Steps = 12_000;

    private static readonly string[] Accounts = ["acme", "globex", "initech", "umbrella", "hooli"];

    private static readonly JournalOptions Options = new()
    {
        Partitions = 2,
        MaxRecordBytes = 4096,
        MaxPendingBytes = 4096,
        MaxTailBytes = 16 << 10,
        CheckpointInterval = TimeSpan.FromSeconds(2),
        Durability = Durability.Journal,
    };

    private readonly Random _random;
    private readonly SimulatedDisk _disk = new();
    private readonly SimulatedNetwork _network;
    private readonly SimulatedSilo[] _silos;
    private readonly List<(string Account, long Charge)> _unanswered = [];
    private readonly Dictionary<(string Account, long Charge), long> _acknowledged = [];
    private readonly List<Exception> _faults = [];
    private long _lastCharge;
    private int _favourite;

    internal Simulation(int seed)
    {
        _random = new Random(seed);
        _network = new SimulatedNetwork(_random);
        _silos = [.. Enumerable.Range(0, Silos).Select(_ => NewSilo())];
    }

    internal int Acknowledged => _acknowledged.Count;

    internal long Records => _disk.Logs.Values.Sum(log => log.GetKeyAtIndex(log.Count - 1));

    internal long Trimmed => _disk.Logs.Values.Sum(log => log.GetKeyAtIndex(0) - 1);

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
        switch (_random.Next(10_000))
        {
            case < 6_000:
                _ = !silo.IsPaused && silo.Scheduler.Step();
                break;
            case < 8_900:
                _network.Step();
                break;
            case < 9_500:
                Charge();
                break;
            case < 9_900:
                silo.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(10, 1500)));
                break;
            case < 9_906:
                silo.Time.Advance(TimeSpan.FromSeconds(11));
                break;
            case < 9_926:
                silo.IsPaused = !silo.IsPaused;
                break;
            case < 9_936:
                _favourite = _random.Next(Silos);
                break;
            case < 9_946:
                _silos[Array.IndexOf(_silos, silo)] = NewSilo();
                break;
            case < 9_990:
                var (account, takesSnapshot) = (Accounts[_random.Next(Accounts.Length)], _random.Next(2) == 0);
                Start(silo, () => silo.DeactivateAsync(account, takesSnapshot));
                break;
            default:
                var partition = _random.Next(Options.Partitions);
                Start(silo, () => silo.Journal.ReleaseAsync(partition, CancellationToken.None));
                break;
        }
    }

    private void Charge()
    {
        if (_unanswered.Count == 0 || _random.Next(4) > 0)
        {
            _unanswered.Add((Accounts[_random.Next(Accounts.Length)], ++_lastCharge));
        }

        // Mostly the silo that callers take for the owner, sometimes any: nothing but the store decides who is.
        var silo = _silos[_random.Next(10) > 0 ? _favourite : _random.Next(Silos)];
        var charge = _unanswered[_random.Next(_unanswered.Count)];
        Start(silo, async () =>
        {
            var sequence = await (await silo.ActivationAsync(charge.Account)).ChargeAsync(charge.Charge);
            if (_acknowledged.TryGetValue(charge, out var before) && before != sequence)
            {
                throw new LawBrokenException($"{charge} was answered with sequences {before} and {sequence}.");
            }

            _acknowledged[charge] = sequence;
            _unanswered.Remove(charge);
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
        catch (Exception fault)
        {
            // A quarantine is one too: no byte was ever damaged here.
            _faults.Add(fault);
        }
    });

    private void Prove()
    {
        _network.IsFaulty = false;
        var silo = NewSilo();
        var charges = new Dictionary<string, IReadOnlyList<long>>();
        for (var step = 0; step < 200_000 && charges.Count < Accounts.Length && _faults.Count == 0; step++)
        {
            if (step % 2_000 == 0)
            {
                silo.Time.Advance(TimeSpan.FromSeconds(2));
                Array.ForEach(Accounts, account => Start(silo, async () => charges[account] = (await silo.ActivationAsync(account)).Charges));
            }

            _ = silo.Scheduler.Step() || _network.Step();
        }

        if (_faults.Count > 0)
        {
            throw _faults[0];
        }

        Check(charges.Count == Accounts.Length, "not every account could be recovered after the faults had ended");
        foreach (var (charge, sequence) in _acknowledged)
        {
            var recovered = charges[charge.Account];
            Check(sequence <= recovered.Count && recovered[(int)sequence - 1] == charge.Charge, $"{charge} was acknowledged as {sequence} and is not there");
        }

        foreach (var (account, recovered) in charges)
        {
            Check(recovered.Distinct().Count() == recovered.Count, $"{account} has a charge twice");
        }
    }

    private static void Check(bool holds, string fault)
    {
        if (!holds)
        {
            throw new LawBrokenException(fault);
        }
    }

    private SimulatedSilo NewSilo() => new(_disk, _network, _random, Options);
}
