using System.Globalization;
using System.Text;
using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>
/// Collects every fault of one body, by path. The way down is kept as segments and becomes text only when there is a
/// fault, so a good request pays nothing for its paths. A path has one fault, and what is of the wrong type has none below
/// it: what could not be read is not also judged.
/// </summary>
internal sealed class Faults
{
    /// <summary>Later faults are left out: a caller with a thousand of them has one cause.</summary>
    public const int MaxFaults = 1_000;

    /// <summary>The path of the body itself.</summary>
    public const string Root = "$";

    private const int MaxSegmentLength = 64;

    private readonly List<Segment> _path = [];
    private List<FieldFault>? _faults;
    private HashSet<string>? _paths;
    private HashSet<string>? _unreadable;

    public bool Any => _faults is not null;

    public IReadOnlyList<FieldFault> All => _faults ?? [];

    public void Enter(string field) => _path.Add(new Segment(field, -1));

    public void Enter(int index) => _path.Add(new Segment(null, index));

    public void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>Adds a fault of a field of where we are.</summary>
    public void Add(string field, string code, string message)
    {
        Enter(field);
        AddHere(code, message);
        Leave();
    }

    /// <summary>Adds a fault of where we are.</summary>
    public void AddHere(string code, string message)
    {
        if (Path() is not { } path)
        {
            return;
        }

        _faults ??= [];
        _paths ??= new HashSet<string>(StringComparer.Ordinal);
        if (_faults.Count < MaxFaults && _paths.Add(path))
        {
            _faults.Add(new FieldFault(path, code, message));
        }

        if (code == FaultCodes.WrongType)
        {
            _unreadable ??= new HashSet<string>(StringComparer.Ordinal);
            _unreadable.Add(path);
        }
    }

    public Refusal ToRefusal() => Refusal.Invalid(All);

    /// <summary>Where we are, or null when something above could not be read.</summary>
    private string? Path()
    {
        var path = new StringBuilder();
        foreach (var segment in _path)
        {
            if (IsUnreadable(path))
            {
                return null;
            }

            if (segment.Field is null)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{segment.Index}]");
            }
            else
            {
                path.Append(path.Length > 0 ? "." : "").Append(segment.Field.AsSpan(0, Math.Min(segment.Field.Length, MaxSegmentLength)));
            }
        }

        return path.Length == 0 ? Root : path.ToString();
    }

    private bool IsUnreadable(StringBuilder path) =>
        _unreadable is not null && _unreadable.Contains(path.Length == 0 ? Root : path.ToString());

    private readonly record struct Segment(string? Field, int Index);
}
