#!/bin/bash
#SBATCH --job-name=from-slurm
#SBATCH --cpus-per-task=1
#SBATCH --mem=100M
#SBATCH --time=00:05:00
# A batch script written for Slurm runs here as it is.
set -euo pipefail

echo "hello from $(uname -n)"
